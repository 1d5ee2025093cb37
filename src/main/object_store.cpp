#include "main/object_store.h"

#include <spdlog/spdlog.h>

#include <cstdlib>

#include "base/secret_file.h"
#include "objects/s3_store.h"

namespace gse {
namespace {

std::string environment(const char* name) {
    const char* const text = std::getenv(name);
    return text ? text : "";
}

}  // namespace

Result<objects::S3Options> s3_options(const config::Config& config) {
    const config::S3& s3 = config.objects.s3;
    objects::S3Credentials credentials{.access_key_id = s3.access_key_id, .secret_key = {}, .session_token = {}};
    if (credentials.access_key_id.empty()) credentials.access_key_id = environment("AWS_ACCESS_KEY_ID");
    if (!s3.secret_key_file.empty()) {
        credentials.secret_key = TRY(read_secret_file(s3.secret_key_file));
    } else {
        credentials.secret_key = environment("AWS_SECRET_ACCESS_KEY");
        credentials.session_token = environment("AWS_SESSION_TOKEN");
    }
    if (credentials.access_key_id.empty() || credentials.secret_key.empty())
        return refuse(ErrorCode::MissingParameter,
                      "objects.s3 has no credentials: set objects.s3.access_key_id and objects.s3.secret_key_file, or "
                      "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment");
    return objects::S3Options{.endpoint = s3.endpoint,
                              .region = s3.region,
                              .bucket = s3.bucket,
                              .prefix = s3.prefix,
                              .path_style = s3.path_style,
                              .credentials = std::move(credentials),
                              .ca_file = s3.ca_file,
                              .timeout = s3.timeout,
                              .part_bytes = s3.part_bytes};
}

Result<std::unique_ptr<objects::ObjectStore>> open_checked_s3_store(const config::Config& config) {
    const objects::S3Options options = TRY(s3_options(config));
    auto store = TRY(objects::open_s3_store(options));
    const auto checked = objects::check_s3_store(options);
    if (!checked && checked.error().code != ErrorCode::Overloaded) return std::unexpected(checked.error());
    if (checked)
        spdlog::info("objects: bucket {} at {}", options.bucket, options.endpoint);
    else
        spdlog::warn("{}; uploads, new instances and logs fail until it does", checked.error().message);
    if (objects::goes_in_clear(options))
        spdlog::warn("objects: {} speaks no TLS: whoever is on the way can read packages and logs", options.endpoint);
    return store;
}

}  // namespace gse
