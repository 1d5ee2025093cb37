#include "graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string_view>

namespace gse::bench {
namespace {

constexpr double kWidth = 640, kHeight = 300;
constexpr double kLeft = 72, kRight = 20, kTop = 40, kBottom = 66;
constexpr std::array<std::string_view, 4> kColours{"#2563eb", "#d97706", "#059669", "#9333ea"};

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
    return out;
}

std::string short_number(double value) {
    if (value >= 1e6) return fmt::format("{:g} M", value / 1e6);
    if (value >= 1e3 && std::fmod(value, 1e3) == 0) return fmt::format("{:g},000", value / 1e3);
    return fmt::format("{:g}", value);
}

/// 1, 2 or 5 times a power of ten, so that four to ten of them cover `top`.
double step_for(double top) {
    const double power = std::pow(10, std::floor(std::log10(top)));
    for (const double step : {power / 5, power / 2, power})
        if (top / step <= 6) return step;
    return power * 2;
}

}  // namespace

std::string to_svg(const Graph& graph) {
    double x_top = 0, y_top = 0;
    for (const Line& line : graph.lines)
        for (const auto& [x, y] : line.points) x_top = std::max(x_top, x), y_top = std::max(y_top, y);
    x_top = x_top > 0 ? x_top : 1;
    y_top = y_top > 0 ? y_top * 1.15 : 1;
    const auto at_x = [&](double x) { return kLeft + x / x_top * (kWidth - kLeft - kRight); };
    const auto at_y = [&](double y) { return kHeight - kBottom - y / y_top * (kHeight - kTop - kBottom); };

    std::string svg;
    const auto put = [&svg]<class... Ts>(fmt::format_string<Ts...> text, Ts&&... values) {
        fmt::format_to(std::back_inserter(svg), text, std::forward<Ts>(values)...);
        svg += '\n';
    };
    put(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" font-family="sans-serif" font-size="12">)",
        kWidth, kHeight);
    put(R"(<rect width="{}" height="{}" fill="#ffffff"/>)", kWidth, kHeight);
    put(R"(<text x="{}" y="20" font-size="14" font-weight="bold">{}</text>)", kLeft, escaped(graph.title));
    const double y_step = step_for(y_top), x_step = step_for(x_top);
    for (double y = 0; y <= y_top; y += y_step) {
        put(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="#d4d4d8"/>)", kLeft, kWidth - kRight, at_y(y),
            at_y(y));
        put(R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", kLeft - 6, at_y(y) + 4, short_number(y));
    }
    for (double x = 0; x <= x_top * 1.001; x += x_step)
        put(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", at_x(x), kHeight - kBottom + 16,
            short_number(x));
    put(R"(<text x="{}" y="{}" text-anchor="middle">{}</text>)", (kLeft + kWidth - kRight) / 2, kHeight - kBottom + 34,
        escaped(graph.x));
    put(R"svg(<text transform="translate(16 {}) rotate(-90)" text-anchor="middle">{}</text>)svg",
        (kTop + kHeight - kBottom) / 2, escaped(graph.y));
    double legend = kLeft;
    for (std::size_t i = 0; i < graph.lines.size(); ++i) {
        const Line& line = graph.lines[i];
        const std::string_view colour = kColours[i % kColours.size()];
        std::string points;
        for (const auto& [x, y] : line.points) points += fmt::format("{:.1f},{:.1f} ", at_x(x), at_y(y));
        put(R"(<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>)", points, colour);
        if (line.points.size() <= 20)
            for (const auto& [x, y] : line.points)
                put(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>)", at_x(x), at_y(y), colour);
        put(R"(<rect x="{}" y="{}" width="12" height="3" fill="{}"/>)", legend, kHeight - 16, colour);
        put(R"(<text x="{}" y="{}">{}</text>)", legend + 18, kHeight - 10, escaped(line.name));
        legend += 40 + 7.0 * static_cast<double>(line.name.size());
    }
    svg += "</svg>\n";
    return svg;
}

Result<void> draw(const std::filesystem::path& folder, const std::string& name, const Graph& graph) {
    if (folder.empty()) return {};
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    const auto file = folder / (name + ".svg");
    if (!(std::ofstream(file) << to_svg(graph) << std::flush))
        return refuse(ErrorCode::FailedOperation, "cannot write " + file.string());
    return {};
}

}  // namespace gse::bench
