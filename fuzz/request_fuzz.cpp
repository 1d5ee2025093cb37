// Requests as the network may cut and forge them: read, checked, decoded. However the bytes are cut, the outcome is the
// same.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "http/api_request.h"
#include "http/params.h"
#include "http/request_reader.h"

namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kBodyBytes = 1 << 20;
constexpr gse::WallTime kNow{1'600'000'000'000};

/// Knows every SecretId, so that the paths behind the look-up are walked too.
class AnyKey final : public gse::http::KeyStore {
public:
    std::optional<gse::http::Key> find(std::string_view) const override {
        return gse::http::Key{"example-secret-key-0001"};
    }
};

struct Outcome {
    int failure = 0;
    bool complete = false;
    std::string described;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Feeds `bytes` in pieces of `piece` bytes, and describes the first request in them.
Outcome read(std::string_view bytes, std::size_t piece) {
    gse::http::RequestReader reader;
    reader.start(kHeaderBytes);
    std::string kept;
    Outcome outcome;
    while (outcome.failure == 0 && !(reader.header_done() && reader.done()) && !bytes.empty()) {
        kept.append(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        std::string_view input = kept;
        if (!reader.header_done()) outcome.failure = reader.read_header(input);
        if (outcome.failure == 0 && reader.header_done() && !reader.done()) outcome.failure = reader.read_body(input);
        kept.erase(0, kept.size() - input.size());
        if (reader.body.size() > kBodyBytes) return outcome;
    }
    if (outcome.failure != 0 || !reader.header_done() || !reader.done()) return outcome;
    outcome.complete = true;

    const AnyKey keys;
    gse::http::SignatureCheck signatures{keys};
    const auto call = gse::http::admit(reader.view(), reader.body, signatures, {}, kNow);
    if (!call) {
        outcome.described = call.error().message;
        return outcome;
    }
    outcome.described = call->action + call->version + call->region + call->json;
    for (const auto& [name, value] : call->flat) outcome.described += name + "=" + value + "&";
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const Outcome whole = read(bytes, bytes.size() + 1);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
        const Outcome pieces = read(bytes, piece);
        // Where several faults meet, the order in which bytes come decides which is named first.
        if (pieces.complete != whole.complete || pieces.described != whole.described) std::abort();
    }

    // Decoders behind the signature, which the fuzzer cannot forge.
    const auto line = bytes.find('\n');
    const std::string_view head = bytes.substr(0, line);
    const std::string_view rest = line == std::string_view::npos ? std::string_view{} : bytes.substr(line + 1);
    (void)gse::http::decode_form(bytes);
    (void)gse::http::decode_multipart(head, rest);
    (void)gse::http::parse_tc3(head);
    return 0;
}
