#include "cli/text.h"

#include <algorithm>

#include "base/check.h"

namespace gse::cli {
namespace {

/// Roughly what terminals do: CJK, kana, Hangul, full-width forms and emoji take two columns.
std::size_t columns_of(char32_t c) {
    const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
                      (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                      (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
    return wide ? 2 : 1;
}

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        char32_t c = length == 1 ? lead : lead & (0x7f >> length);
        for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
            c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3f);
        width += columns_of(c);
        i += length;
    }
    return width;
}

}  // namespace

void Table::add(std::vector<std::string> row) {
    CHECK(row.size() == rows_.front().size());
    for (std::string& cell : row) {
        std::ranges::replace_if(
            cell, [](const char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
        // The C1 controls, two bytes in UTF-8, move the cursor just as well.
        for (std::size_t i = 0; i + 1 < cell.size(); ++i)
            if (cell[i] == '\xc2' && static_cast<unsigned char>(cell[i + 1]) < 0xa0) cell.replace(i, 2, "?");
    }
    rows_.push_back(std::move(row));
}

std::string Table::text() const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    std::string out;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            line.append(widths[i] - width_of(row[i]) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
    return out;
}

std::string json_rows(std::string_view json) {
    struct Level {
        bool list = false;
        std::size_t index = 0;
        std::string key;
    };
    Table table{{"FIELD", "VALUE"}};
    std::vector<Level> levels;
    const auto path = [&] {
        std::string text;
        for (const Level& level : levels) {
            if (!text.empty()) text += '.';
            text += level.list ? std::to_string(level.index) : level.key;
        }
        return text;
    };
    bool is_key = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        switch (json[i]) {
            case ' ':
            case '\n':
            case '\r':
            case '\t': continue;
            case '{':
            case '[':
                levels.push_back({.list = json[i] == '['});
                is_key = json[i] == '{';
                // An empty one has a row too: it says something.
                if (const auto next = json.find_first_not_of(" \n\r\t", i + 1);
                    next != std::string_view::npos && (json[next] == '}' || json[next] == ']')) {
                    levels.pop_back();
                    if (!levels.empty()) table.add({path(), json[i] == '[' ? "[]" : "{}"});
                    i = next;
                    is_key = false;
                }
                continue;
            case '}':
            case ']':
                if (!levels.empty()) levels.pop_back();
                continue;
            case ',':
                if (levels.empty()) continue;
                is_key = !levels.back().list;
                if (levels.back().list) ++levels.back().index;
                continue;
            case ':': is_key = false; continue;
            default: break;
        }
        const std::size_t begin = i;
        const bool quoted = json[i] == '"';
        if (quoted)
            for (++i; i < json.size() && json[i] != '"'; ++i) i += json[i] == '\\' ? 1 : 0;
        else
            i = std::min(json.find_first_of(",]} \n\r\t", i), json.size()) - 1;
        std::string text{json.substr(begin, std::min(i + 1, json.size()) - begin)};
        if (quoted && text.size() >= 2) text = text.substr(1, text.size() - 2);
        if (is_key && !levels.empty())
            levels.back().key = std::move(text);
        else
            table.add({path(), std::move(text)});
    }
    return table.text();
}

std::string pretty_json(std::string_view json) {
    std::string out;
    std::size_t depth = 0;
    bool in_string = false;
    const auto new_line = [&] { out.append(1, '\n').append(depth * 2, ' '); };
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            out += c;
            if (c == '\\' && i + 1 < json.size())
                out += json[++i];
            else if (c == '"')
                in_string = false;
            continue;
        }
        switch (c) {
            case ' ':
            case '\n':
            case '\r':
            case '\t': break;
            case '"':
                in_string = true;
                out += c;
                break;
            case '{':
            case '[': {
                out += c;
                const std::size_t next = json.find_first_not_of(" \n\r\t", i + 1);
                if (next != std::string_view::npos && (json[next] == '}' || json[next] == ']')) {
                    out += json[next];
                    i = next;
                    break;
                }
                ++depth;
                new_line();
                break;
            }
            case '}':
            case ']':
                if (depth > 0) --depth;
                new_line();
                out += c;
                break;
            case ',':
                out += c;
                new_line();
                break;
            case ':': out += ": "; break;
            default: out += c;
        }
    }
    return out;
}

}  // namespace gse::cli
