#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenAssets, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);

    golden.call("GetUploadCredentials", "for one package", R"({"AssetRegion":"ap-shanghai","BucketKey":"chat.zip"})");
    golden.call("GetUploadCredentials", "for another region than the call's",
                R"({"AssetRegion":"ap-tokyo","BucketKey":"chat.zip"})");
    golden.call("GetUploadCredentials", "for a region that is none of ours",
                R"({"AssetRegion":"mars-north","BucketKey":"chat.zip"})");
    golden.call("GetUploadCredentials", "without a region", R"({"BucketKey":"chat.zip"})");
    golden.call("GetUploadCredentials", "without a key", R"({"AssetRegion":"ap-shanghai"})");
    golden.call("GetUploadCredentials", "with an empty key", R"({"AssetRegion":"ap-shanghai","BucketKey":""})");

    world.upload("chat.zip", 2'048'000);
    const std::string chat = golden.call(
        "CreateAsset", "a registered upload",
        R"({"BucketKey":"chat.zip","AssetName":"chat","AssetVersion":"1.0","AssetRegion":"ap-shanghai","OperateSystem":"CentOS7.16","Tags":[{"Key":"env","Value":"prod"}]})")
                                 ["AssetId"];
    world.advance(1s);
    golden.call(
        "CreateAsset", "with an image id",
        R"({"BucketKey":"chat.zip","AssetName":"chat","AssetVersion":"1.1","AssetRegion":"ap-shanghai","OperateSystem":"CentOS7.16","ImageId":"img-centos71"})");
    golden.call(
        "CreateAsset", "of another region than the call's",
        R"({"BucketKey":"chat.zip","AssetName":"chat","AssetVersion":"1.0","AssetRegion":"ap-tokyo","OperateSystem":"CentOS7.16"})");
    golden.call(
        "CreateAsset", "nothing was uploaded",
        R"({"BucketKey":"none.zip","AssetName":"chat","AssetVersion":"1.0","AssetRegion":"ap-shanghai","OperateSystem":"CentOS7.16"})");
    golden.call(
        "CreateAsset", "for Windows",
        R"({"BucketKey":"chat.zip","AssetName":"chat","AssetVersion":"1.0","AssetRegion":"ap-shanghai","OperateSystem":"Windows Server 2012 R2 Datacenter 64-bit English"})");
    golden.call(
        "CreateAsset", "for Windows by image id",
        R"({"BucketKey":"chat.zip","AssetName":"chat","AssetVersion":"1.0","AssetRegion":"ap-shanghai","OperateSystem":"any","ImageId":"img-win2012e"})");
    golden.call(
        "CreateAsset", "with an unknown image id",
        R"({"BucketKey":"chat.zip","AssetName":"chat","AssetVersion":"1.0","AssetRegion":"ap-shanghai","OperateSystem":"CentOS7.16","ImageId":"img-mine"})");
    golden.call(
        "CreateAsset", "of a region that is none of ours",
        R"({"BucketKey":"chat.zip","AssetName":"chat","AssetVersion":"1.0","AssetRegion":"mars-north","OperateSystem":"CentOS7.16"})");
    golden.call(
        "CreateAsset", "with a name that is too long",
        fill(
            R"({"BucketKey":"chat.zip","AssetName":"$n","AssetVersion":"1.0","AssetRegion":"ap-shanghai","OperateSystem":"CentOS7.16"})",
            {{"n", std::string(65, 'n')}}));
    golden.call(
        "CreateAsset", "without a version",
        R"({"BucketKey":"chat.zip","AssetName":"chat","AssetRegion":"ap-shanghai","OperateSystem":"CentOS7.16"})");
    world.settings.limits.assets_per_region = 2;
    golden.call(
        "CreateAsset", "beyond the limit of the region",
        R"({"BucketKey":"chat.zip","AssetName":"chat","AssetVersion":"1.2","AssetRegion":"ap-shanghai","OperateSystem":"CentOS7.16"})");

    golden.call(
        "CreateAssetWithImage", "beyond the limit of the region",
        R"({"AssetName":"image","AssetVersion":"1","AssetRegion":"ap-shanghai","ImageId":"img-mine","ImageSize":"40GB","ImageOs":"CentOS 7.6","OsType":"CentOS","ImageType":"SHARED_IMAGE","OsBit":64})");

    golden.call("DescribeAsset", "one", fill(R"({"AssetId":"$a"})", {{"a", chat}}));
    golden.call("DescribeAsset", "one that does not exist", R"({"AssetId":"asset-00000000-00000000"})");
    golden.call("DescribeAsset", "one of another region", fill(R"({"AssetId":"$a"})", {{"a", chat}}), "ap-tokyo");
    golden.call("DescribeAsset", "without an id", "{}");

    golden.call("DescribeAssets", "all, newest first", R"({"AssetRegion":"ap-shanghai","Offset":0,"Limit":20})");
    golden.call("DescribeAssets", "the second page of one", R"({"AssetRegion":"ap-shanghai","Offset":1,"Limit":1})");
    golden.call("DescribeAssets", "a page behind the end", R"({"AssetRegion":"ap-shanghai","Offset":2,"Limit":1})");
    golden.call("DescribeAssets", "by the old filter, part of a name",
                R"({"AssetRegion":"ap-shanghai","Offset":0,"Limit":1,"Filter":"cha"})");
    golden.call("DescribeAssets", "by the old filter, an id",
                fill(R"({"AssetRegion":"ap-shanghai","Offset":0,"Limit":20,"Filter":"$a"})", {{"a", chat}}));
    golden.call(
        "DescribeAssets", "by id",
        fill(
            R"({"AssetRegion":"ap-shanghai","Offset":0,"Limit":20,"Filters":[{"Key":"resource:resourceId","Values":["$a"]}]})",
            {{"a", chat}}));
    golden.call(
        "DescribeAssets", "by tag",
        R"({"AssetRegion":"ap-shanghai","Offset":0,"Limit":20,"Filters":[{"Key":"tag:key-value","Values":["env:prod"]}]})");
    golden.call(
        "DescribeAssets", "by a name that none has",
        R"({"AssetRegion":"ap-shanghai","Offset":0,"Limit":20,"Filters":[{"Key":"resource:name","Values":["none"]}]})");
    golden.call("DescribeAssets", "of a region that has none", R"({"AssetRegion":"ap-seoul","Offset":0,"Limit":20})");
    golden.call("DescribeAssets", "of a region that is none of ours",
                R"({"AssetRegion":"mars-north","Offset":0,"Limit":20})");
    golden.call("DescribeAssets", "without a limit", R"({"AssetRegion":"ap-shanghai","Offset":0})");
    golden.call("DescribeAssets", "with a limit above 100", R"({"AssetRegion":"ap-shanghai","Offset":0,"Limit":101})");
    golden.call("DescribeAssets", "with a negative offset", R"({"AssetRegion":"ap-shanghai","Offset":-1,"Limit":1})");
    golden.call("DescribeAssets", "by a filter that does not exist",
                R"({"AssetRegion":"ap-shanghai","Offset":0,"Limit":20,"Filters":[{"Key":"name","Values":["x"]}]})");

    golden.call("DescribeAssetSystems", "all", "{}");
    golden.call("DescribeAssetSystems", "of 64 bits, for CentOS", R"({"OsType":"CentOS","OsBit":64})");
    golden.call("DescribeAssetSystems", "of 32 bits: none", R"({"OsBit":32})");
    golden.call("DescribeAssetSystems", "for Windows: none, since the hosts run Linux", R"({"OsType":"Windows"})");
    golden.call("DescribeAssetSystems", "of a type that does not exist", R"({"OsType":"BeOS"})");

    golden.call("UpdateAsset", "name and version",
                fill(R"({"AssetId":"$a","AssetName":"talk","AssetVersion":"1.0.1"})", {{"a", chat}}));
    golden.call("DescribeAsset", "after its name changed", fill(R"({"AssetId":"$a"})", {{"a", chat}}));
    golden.call("UpdateAsset", "one that does not exist",
                R"({"AssetId":"asset-00000000-00000000","AssetName":"talk","AssetVersion":"1"})");
    golden.call("UpdateAsset", "without a version", fill(R"({"AssetId":"$a","AssetName":"talk"})", {{"a", chat}}));

    world.settings.limits.assets_per_region = 100;
    const std::string image = golden.call(
        "CreateAssetWithImage", "a shared image",
        R"({"AssetName":"image","AssetVersion":"1","AssetRegion":"ap-shanghai","ImageId":"img-mine","ImageSize":"40GB","ImageOs":"CentOS 7.6","OsType":"CentOS","ImageType":"SHARED_IMAGE","OsBit":64})")
                                  ["AssetId"];
    golden.call(
        "CreateAssetWithImage", "a size without a unit",
        R"({"AssetName":"image","AssetVersion":"1","AssetRegion":"ap-shanghai","ImageId":"img-mine","ImageSize":"40","ImageOs":"CentOS 7.6","OsType":"CentOS","ImageType":"SHARED_IMAGE","OsBit":64})");
    golden.call(
        "CreateAssetWithImage", "an image that is not shared",
        R"({"AssetName":"image","AssetVersion":"1","AssetRegion":"ap-shanghai","ImageId":"img-mine","ImageSize":"40GB","ImageOs":"CentOS 7.6","OsType":"CentOS","ImageType":"PRIVATE_IMAGE","OsBit":64})");
    golden.call(
        "CreateAssetWithImage", "of 16 bits",
        R"({"AssetName":"image","AssetVersion":"1","AssetRegion":"ap-shanghai","ImageId":"img-mine","ImageSize":"40GB","ImageOs":"CentOS 7.6","OsType":"CentOS","ImageType":"SHARED_IMAGE","OsBit":16})");
    golden.call(
        "CreateAssetWithImage", "of a region that is none of ours",
        R"({"AssetName":"image","AssetVersion":"1","AssetRegion":"mars-north","ImageId":"img-mine","ImageSize":"40GB","ImageOs":"CentOS 7.6","OsType":"CentOS","ImageType":"SHARED_IMAGE","OsBit":64})");
    golden.call("CreateAssetWithImage", "without an image", R"({"AssetName":"image"})");
    golden.call("DescribeAsset", "an image", fill(R"({"AssetId":"$a"})", {{"a", image}}));
    const Answer unsupported = world.call_json(
        "CreateFleet",
        fill(
            R"({"AssetId":"$a","Name":"n","InstanceType":"S5.LARGE8","InboundPermissions":[{"FromPort":1025,"ToPort":60000,"Protocol":"TCP","IpRange":"0.0.0.0/0"}],"RuntimeConfiguration":{"ServerProcesses":[{"ConcurrentExecutions":1,"LaunchPath":"/local/game/server"}]}})",
            {{"a", image}}));
    EXPECT_EQ(unsupported.code(), "UnsupportedOperation");
    EXPECT_NE(unsupported.message().find("machine image"), std::string::npos) << unsupported.message();
    golden.call("DeleteAsset", "an image", fill(R"({"AssetId":"$a"})", {{"a", image}}));

    golden.call("GetUploadFederationToken", "for an hour", "{}");
    golden.call("GetUploadFederationToken", "with a parameter that it does not know",
                R"({"AssetRegion":"ap-shanghai"})");
    golden.call(
        "UpdateBucketCORSOpt", "all that there is",
        R"({"AllowedOrigins":["https://play.example.com","https://*.example.org"],"AllowedMethods":["PUT","GET"],"AllowedHeaders":["*"],"MaxAgeSeconds":600,"ExposeHeaders":["ETag"]})");
    golden.call("UpdateBucketCORSOpt", "as little as there may be",
                R"({"AllowedOrigins":["*"],"AllowedMethods":["GET"]})", "ap-tokyo");
    golden.call("UpdateBucketCORSOpt", "a method that there is not",
                R"({"AllowedOrigins":["*"],"AllowedMethods":["DELETE"]})");
    golden.call("UpdateBucketCORSOpt", "an origin that is none",
                R"({"AllowedOrigins":["example.com"],"AllowedMethods":["GET"]})");
    golden.call("UpdateBucketCORSOpt", "an origin with two stars",
                R"({"AllowedOrigins":["https://*.*.com"],"AllowedMethods":["GET"]})");
    golden.call("UpdateBucketCORSOpt", "a header that would end its line",
                R"({"AllowedOrigins":["*"],"AllowedMethods":["GET"],"ExposeHeaders":["ETag\r\nX-Evil: 1"]})");
    golden.call("UpdateBucketCORSOpt", "without methods", R"({"AllowedOrigins":["*"]})");
    golden.call("UpdateBucketAccelerateOpt", "on", R"({"Allowed":true})");
    golden.call("UpdateBucketAccelerateOpt", "off", R"({"Allowed":false})");
    golden.call("UpdateBucketAccelerateOpt", "neither", "{}");
    const std::string fleet = world.make_fleet();
    golden.call("DeleteAsset", "one that a fleet runs",
                fill(R"({"AssetId":"$a"})", {{"a", world.fleet(fleet).asset_id}}));
    golden.call("DeleteAsset", "one that nothing uses", fill(R"({"AssetId":"$a"})", {{"a", chat}}));
    golden.call("DeleteAsset", "one that is gone", fill(R"({"AssetId":"$a"})", {{"a", chat}}));
    golden.call("DeleteAsset", "without an id", "{}");
}

}  // namespace
}  // namespace gse::testing
