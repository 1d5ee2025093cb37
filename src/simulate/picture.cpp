#include "simulate/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gse::simulate {
namespace {

constexpr double kWidth = 960, kPanel = 250, kLeft = 64, kRight = 24, kTop = 34, kBottom = 40, kLegend = 30;
constexpr double kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = kPanel - kTop - kBottom;

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default: out += c;
        }
    }
    return out;
}

/// The next of 1, 2, 5, 10, 20 … that `parts` of reach `most`.
double round_step(double most, double parts) {
    const double rough = std::max(most / parts, 1e-9);
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (rough <= factor * power) return factor * power;
    return 10 * power;
}

struct Scale {
    double most = 1;
    double step = 1;
    double minutes = 1;  ///< of the whole width
    double top = 0;      ///< of the panel

    [[nodiscard]] double x(double minute) const { return kLeft + kPlotWidth * minute / minutes; }
    [[nodiscard]] double y(double value) const { return top + kTop + kPlotHeight * (1 - value / most); }
};

template <class Pick>
std::string steps(const Figures& figures, const Scale& scale, Pick pick) {
    const double length = static_cast<double>(figures.sample_length.count()) / 60'000;
    std::string out;
    for (std::size_t i = 0; i < figures.samples.size(); ++i) {
        const double y = scale.y(pick(figures.samples[i]));
        const double left = scale.x(std::min(static_cast<double>(i) * length, scale.minutes));
        const double right = scale.x(std::min(static_cast<double>(i + 1) * length, scale.minutes));
        out += fmt::format("{:.1f},{:.1f} {:.1f},{:.1f} ", left, y, right, y);
    }
    return out;
}

std::string axes(const Scale& scale) {
    std::string out;
    for (double value = 0; value <= scale.most * 1.0001; value += scale.step)
        out += fmt::format(
            "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{2:.1f}\" y2=\"{1:.1f}\" stroke=\"#e3e6ea\"/>"
            "<text x=\"{3:.1f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.0f}</text>\n",
            kLeft, scale.y(value), kLeft + kPlotWidth, kLeft - 8, scale.y(value) + 4, value);
    const double hours = scale.minutes / 60;
    double step = 1;
    for (const double candidate : {0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0, 72.0, 168.0}) {
        step = candidate;
        if (hours / candidate <= 12) break;
    }
    for (double hour = 0; hour <= hours * 1.0001; hour += step)
        out += fmt::format(
            "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"#9aa3ad\"/>"
            "<text x=\"{0:.1f}\" y=\"{3:.1f}\" text-anchor=\"middle\">{4:02.0f}:{5:02.0f}</text>\n",
            scale.x(hour * 60), scale.y(0), scale.y(0) + 4, scale.y(0) + 18, std::floor(hour),
            (hour - std::floor(hour)) * 60);
    return out;
}

std::string panel(const Outcome& outcome, const Scale& scale) {
    const Figures& f = outcome.figures;
    std::string out = fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"15\" font-weight=\"bold\">{}</text>"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{} asked, {} refused; wait p95 {:.1f} s, max {:.1f} s; "
        "{:.1f} "
        "instances, idle {:.0f} %</text>\n",
        kLeft, scale.top + 22, escaped(outcome.policy), kLeft + kPlotWidth, scale.top + 22, f.asked, f.refused,
        f.wait_p95, f.wait_max, f.mean_instances, 100 * f.idle_share());
    out += axes(scale);
    out += fmt::format("<polygon fill=\"#8fb8de\" points=\"{:.1f},{:.1f} {}{:.1f},{:.1f}\"/>\n", kLeft, scale.y(0),
                       steps(f, scale, [](const Sample& s) { return s.demand; }), kLeft + kPlotWidth, scale.y(0));
    out += fmt::format(
        "<polyline fill=\"none\" stroke=\"#7a8591\" stroke-width=\"1.2\" stroke-dasharray=\"4 3\" points=\"{}\"/>\n",
        steps(f, scale, [](const Sample& s) { return s.capacity; }));
    out += fmt::format("<polyline fill=\"none\" stroke=\"#1d7a3e\" stroke-width=\"1.6\" points=\"{}\"/>\n",
                       steps(f, scale, [](const Sample& s) { return s.ready; }));
    const double length = static_cast<double>(f.sample_length.count()) / 60'000;
    for (std::size_t i = 0; i < f.samples.size(); ++i)
        if (f.samples[i].refused > 0)
            out += fmt::format(
                "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"#c62828\" "
                "stroke-width=\"1.3\"/>\n",
                scale.x((static_cast<double>(i) + 0.5) * length), scale.y(0), scale.y(0) - 12);
    return out;
}

}  // namespace

std::string to_svg(const std::vector<Outcome>& outcomes) {
    Scale scale;
    for (const auto& [policy, f] : outcomes) {
        scale.minutes = std::max(scale.minutes, static_cast<double>(f.samples.size()) *
                                                    static_cast<double>(f.sample_length.count()) / 60'000);
        for (const Sample& sample : f.samples)
            scale.most = std::max({scale.most, sample.demand, sample.ready, sample.capacity});
    }
    scale.step = round_step(scale.most, 5);
    scale.most = std::ceil(scale.most / scale.step) * scale.step;
    const double height = kLegend + kPanel * static_cast<double>(outcomes.size());
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" "
        "font-family=\"sans-serif\" font-size=\"12\" fill=\"#2b3138\">\n"
        "<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"#ffffff\"/>\n",
        kWidth, height);
    out += fmt::format(
        "<rect x=\"{0:.0f}\" y=\"12\" width=\"14\" height=\"10\" fill=\"#8fb8de\"/>"
        "<text x=\"{1:.0f}\" y=\"21\">sessions that go on and that wait</text>"
        "<line x1=\"{2:.0f}\" y1=\"17\" x2=\"{3:.0f}\" y2=\"17\" stroke=\"#1d7a3e\" stroke-width=\"1.6\"/>"
        "<text x=\"{4:.0f}\" y=\"21\">processes that are ready</text>"
        "<line x1=\"{5:.0f}\" y1=\"17\" x2=\"{6:.0f}\" y2=\"17\" stroke=\"#7a8591\" stroke-dasharray=\"4 3\"/>"
        "<text x=\"{7:.0f}\" y=\"21\">processes of all instances</text>"
        "<line x1=\"{8:.0f}\" y1=\"11\" x2=\"{8:.0f}\" y2=\"23\" stroke=\"#c62828\" stroke-width=\"1.3\"/>"
        "<text x=\"{9:.0f}\" y=\"21\">refused</text>\n",
        kLeft, kLeft + 20, kLeft + 230, kLeft + 250, kLeft + 256, kLeft + 420, kLeft + 440, kLeft + 446, kLeft + 616,
        kLeft + 624);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        scale.top = kLegend + kPanel * static_cast<double>(i);
        out += panel(outcomes[i], scale);
    }
    return out + "</svg>\n";
}

}  // namespace gse::simulate
