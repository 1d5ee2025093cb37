/// Reads one HTTP/1 request from bytes as they come. Private: brings Beast in.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace gse::http {

inline constexpr std::size_t kFieldsMax = 100;

/// Used again for request after request, so that its buffers are allocated once. One thread at a time.
class RequestReader {
public:
    /// Why a request cannot be read: the status to answer before the connection is closed; 0 while all is well.
    using Failure = int;

    /// Forgets the last request.
    void start(std::size_t header_bytes_max) {
        text_.clear();
        places_.clear();
        fields_.clear();
        if (body.capacity() > kBodyKept) body = std::string{};
        body.clear();
        parser_.emplace(*this);
        parser_->header_limit(static_cast<std::uint32_t>(header_bytes_max));
        parser_->body_limit(boost::none);  // the routes have limits of their own
    }

    /// Takes bytes off the front of `input` until the header is complete.
    [[nodiscard]] Failure read_header(std::string_view& input) {
        parser_->eager(false);
        if (const Failure failure = put(input)) return failure;
        return header_done() ? check_header() : 0;
    }

    /// Takes bytes off the front of `input` until the request is complete; they are appended to `body`.
    [[nodiscard]] Failure read_body(std::string_view& input) {
        parser_->eager(true);
        // Beast 1.81 asserts that the last chunk does not come in pieces of less than this. Whatever is still to come
        // has at least as many bytes (`0`, CRLF, CRLF), so nothing waits that should not.
        const std::size_t least = parser_->chunked() ? kLastChunkBytes : 1;
        while (!parser_->is_done() && input.size() >= least) {
            const std::size_t before = input.size();
            if (const Failure failure = put(input)) return failure;
            if (input.size() == before) break;
        }
        return 0;
    }

    [[nodiscard]] bool header_done() const { return parser_->is_header_done(); }
    [[nodiscard]] bool done() const { return parser_->is_done(); }
    [[nodiscard]] bool keep_alive() const { return parser_->keep_alive(); }
    [[nodiscard]] bool is_http_1_0() const { return version_ == 10; }
    /// Known ahead only without chunking.
    [[nodiscard]] std::optional<std::uint64_t> content_length() const {
        const auto length = parser_->content_length();
        return length ? std::optional<std::uint64_t>{*length} : std::nullopt;
    }
    [[nodiscard]] bool expects_continue() const { return equal_ignoring_case(view().field("expect"), "100-continue"); }

    /// Valid until start(); the body also until more of it is read or it is taken away.
    [[nodiscard]] RequestView view() const { return {method_of(), target_path_, target_query_, fields_, body}; }

    std::string body;

private:
    static constexpr std::size_t kLastChunkBytes = 5;
    static constexpr std::size_t kBodyKept = 64 * 1024;

    struct Place {
        std::size_t name, name_size, value, value_size;
    };

    class Parser final : public boost::beast::http::basic_parser<true> {
    public:
        explicit Parser(RequestReader& reader) : reader_(reader) {}

    private:
        using error_code = boost::beast::error_code;
        using string_view = boost::beast::string_view;

        void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version,
                             error_code&) override {
            reader_.version_ = version;
            reader_.method_size_ = method.size();
            reader_.target_size_ = target.size();
            reader_.text_.append(method.data(), method.size()).append(target.data(), target.size());
        }
        void on_response_impl(int, string_view, int, error_code&) override {}
        void on_field_impl(boost::beast::http::field, string_view name, string_view value, error_code& error) override {
            if (is_header_done()) return;  // trailers say nothing we would believe
            if (reader_.places_.size() == kFieldsMax) {
                error = boost::beast::http::error::header_limit;
                return;
            }
            const std::size_t at = reader_.text_.size();
            reader_.text_.append(name.data(), name.size()).append(value.data(), value.size());
            reader_.places_.push_back({at, name.size(), at + name.size(), value.size()});
        }
        void on_header_impl(error_code&) override {}
        void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
        std::size_t on_body_impl(string_view piece, error_code&) override {
            reader_.body.append(piece.data(), piece.size());
            return piece.size();
        }
        void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
        std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code&) override {
            reader_.body.append(piece.data(), piece.size());
            return piece.size();
        }
        void on_finish_impl(error_code&) override {}

        RequestReader& reader_;
    };

    Failure put(std::string_view& input) {
        boost::beast::error_code error;
        input.remove_prefix(parser_->put(boost::asio::const_buffer{input.data(), input.size()}, error));
        if (!error || error == boost::beast::http::error::need_more) return 0;
        return error == boost::beast::http::error::header_limit ? 431 : 400;
    }

    /// What Beast lets pass and we do not: two Hosts, and a transfer coding whose end we could not see.
    Failure check_header() {
        const std::string_view text = text_;
        std::string_view target = text.substr(method_size_, target_size_);
        // Proxies ask for http://host/path.
        if (!target.starts_with('/')) {
            const auto scheme = target.find("://");
            const auto slash = scheme == std::string_view::npos ? scheme : target.find('/', scheme + 3);
            target = slash == std::string_view::npos ? std::string_view{"/"} : target.substr(slash);
            if (scheme == std::string_view::npos) return 400;
        }
        const auto question = target.find('?');
        target_path_ = target.substr(0, question);
        target_query_ = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
        fields_.reserve(places_.size());
        int hosts = 0;
        bool coded = false;
        for (const Place& place : places_) {
            fields_.push_back({text.substr(place.name, place.name_size), text.substr(place.value, place.value_size)});
            hosts += equal_ignoring_case(fields_.back().name, "host");
            coded |= equal_ignoring_case(fields_.back().name, "transfer-encoding");
        }
        if (hosts > 1 || (hosts == 0 && version_ == 11)) return 400;
        if (coded && !parser_->chunked()) return 400;
        return 0;
    }

    [[nodiscard]] std::string_view method_of() const { return std::string_view{text_}.substr(0, method_size_); }

    std::string text_;  // method, target, names and values, one after another
    std::vector<Place> places_;
    std::size_t method_size_ = 0;
    std::size_t target_size_ = 0;
    int version_ = 11;
    // Views into text_, made once it has stopped growing.
    std::vector<Field> fields_;
    std::string_view target_path_;
    std::string_view target_query_;
    std::optional<Parser> parser_;
};

}  // namespace gse::http
