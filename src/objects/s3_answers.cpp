#include "objects/s3_answers.h"

#include <fmt/format.h>

#include <pugixml.hpp>

namespace gse::objects {
namespace {

std::unexpected<Error> unreadable(std::string_view wanted, std::string_view body) {
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("the object store answered something else than {}: \"{}\"; is the endpoint right?",
                              wanted, body.substr(0, 120)));
}

/// The root element of that name. An `<Error>` in its place (which may come with status 200) is passed on as it is.
Result<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view body, const char* name) {
    if (!document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8))
        return unreadable(name, body);
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) == name) return root;
    if (std::string_view(root.name()) != "Error") return unreadable(name, body);
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("the object store says {}: {}", root.child_value("Code"), root.child_value("Message")));
}

WallTime time_of(const pugi::xml_node& node, const char* name) {
    const auto time = parse_time(node.child_value(name));
    return time ? *time : WallTime{};
}

bool is_truncated(const pugi::xml_node& root) { return std::string_view(root.child_value("IsTruncated")) == "true"; }

/// A page that says that there is more says where, or walking it would never end.
Result<std::string> next_of(const pugi::xml_node& root, const char* name) {
    if (!is_truncated(root)) return std::string();
    std::string next = root.child_value(name);
    if (next.empty())
        return refuse(ErrorCode::FailedOperation, fmt::format("the object store's list goes on without {}", name));
    return next;
}

}  // namespace

S3Fault read_fault(std::string_view body) {
    pugi::xml_document document;
    if (!document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8)) return {};
    const pugi::xml_node root = document.child("Error");
    return {.code = root.child_value("Code"),
            .message = root.child_value("Message"),
            .region = root.child_value("Region"),
            .server_time = root.child_value("ServerTime")};
}

Result<S3Listing> read_listing(std::string_view body) {
    pugi::xml_document document;
    const pugi::xml_node root = TRY(root_of(document, body, "ListBucketResult"));
    S3Listing out;
    for (const pugi::xml_node& entry : root.children("Contents"))
        out.objects.push_back({entry.child_value("Key"), time_of(entry, "LastModified")});
    out.next = TRY(next_of(root, "NextContinuationToken"));
    return out;
}

Result<S3OpenUploads> read_open_uploads(std::string_view body) {
    pugi::xml_document document;
    const pugi::xml_node root = TRY(root_of(document, body, "ListMultipartUploadsResult"));
    S3OpenUploads out;
    for (const pugi::xml_node& entry : root.children("Upload"))
        out.uploads.push_back({entry.child_value("Key"), entry.child_value("UploadId"), time_of(entry, "Initiated")});
    out.next_key = TRY(next_of(root, "NextKeyMarker"));
    if (!out.next_key.empty()) out.next_id = root.child_value("NextUploadIdMarker");
    return out;
}

Result<S3Parts> read_parts(std::string_view body) {
    pugi::xml_document document;
    const pugi::xml_node root = TRY(root_of(document, body, "ListPartsResult"));
    S3Parts out;
    for (const pugi::xml_node& entry : root.children("Part"))
        out.parts.push_back({entry.child("PartNumber").text().as_uint(), entry.child_value("ETag"),
                             entry.child("Size").text().as_ullong()});
    out.next = TRY(next_of(root, "NextPartNumberMarker"));
    return out;
}

Result<std::string> read_upload_id(std::string_view body) {
    pugi::xml_document document;
    std::string id = TRY(root_of(document, body, "InitiateMultipartUploadResult")).child_value("UploadId");
    if (id.empty()) return unreadable("an UploadId", body);
    return id;
}

Result<std::string> read_copied_etag(std::string_view body) {
    pugi::xml_document document;
    std::string etag = TRY(root_of(document, body, "CopyPartResult")).child_value("ETag");
    if (etag.empty()) return unreadable("an ETag", body);
    return etag;
}

Result<void> read_completed(std::string_view body) {
    pugi::xml_document document;
    TRY(root_of(document, body, "CompleteMultipartUploadResult"));
    return {};
}

std::string write_completion(const std::vector<std::string>& etags) {
    std::string body = R"(<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)";
    for (std::size_t i = 0; i < etags.size(); ++i) {
        std::string etag;
        for (const char c : etags[i])
            etag += c == '"' ? "&quot;" : c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
        body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, etag);
    }
    return body + "</CompleteMultipartUpload>";
}

}  // namespace gse::objects
