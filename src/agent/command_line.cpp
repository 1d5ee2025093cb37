#include "agent/command_line.h"

#include <fmt/format.h>

namespace gse::agent {

Result<std::vector<std::string>> split_parameters(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\0') return refuse(ErrorCode::InvalidParameterValue, "Parameters must not contain a NUL character");
        if (c == '\\' && quote != '\'') {
            if (i + 1 == text.size())
                return refuse(ErrorCode::InvalidParameterValue, "Parameters end in a single backslash; write two");
            const char next = text[i + 1];
            in_word = true;
            if (quote == '"' && next != '"' && next != '\\') {
                word += c;
                continue;
            }
            word += next;
            ++i;
        } else if (quote != 0) {
            if (c == quote)
                quote = 0;
            else
                word += c;
        } else if (c == '\'' || c == '"') {
            quote = c;
            in_word = true;
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            if (in_word) words.push_back(std::move(word));
            word.clear();
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (quote != 0)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("Parameters open a quote {} that is never closed", quote));
    if (in_word) words.push_back(std::move(word));
    return words;
}

std::string fill_ports(std::string text, std::uint16_t client_port, std::uint16_t grpc_port) {
    const auto replace = [&](std::string_view mark, std::uint16_t port) {
        const std::string value = std::to_string(port);
        for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
            text.replace(at, mark.size(), value);
    };
    replace("{client_port}", client_port);
    replace("{grpc_port}", grpc_port);
    return text;
}

}  // namespace gse::agent
