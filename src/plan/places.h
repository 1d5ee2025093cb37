/// What becomes of an instance's places when its fleet's configuration changes while it runs, and how long processes
/// of the old one stay. Source: [游戏进程启动配置]: new processes start with the new configuration, old ones go on and
/// leave as their sessions finish.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace gse::plan {

struct RecipeView {
    std::string_view launch_path;
    std::string_view parameters;
    std::uint32_t concurrent = 1;
};

struct PlaceView {
    std::uint32_t recipe = 0;  ///< index in the old configuration
    bool busy = false;         ///< its process runs a session
    bool fits = true;          ///< players may reach its port, and it was not given up before
};

/// For each place its recipe in the new configuration; nullopt gives it up. A place is kept when nothing changes for
/// its process; where fewer are wanted, those with a session are kept first, then the older ones.
inline std::vector<std::optional<std::uint32_t>> keep_places(std::span<const RecipeView> before,
                                                             std::span<const RecipeView> after,
                                                             std::span<const PlaceView> places) {
    std::vector<std::uint32_t> held(after.size());
    std::vector<std::optional<std::uint32_t>> kept(places.size());
    for (const bool busy : {true, false}) {
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (!places[i].fits || places[i].busy != busy || places[i].recipe >= before.size()) continue;
            const RecipeView& own = before[places[i].recipe];
            for (std::uint32_t next = 0; next < after.size() && !kept[i]; ++next) {
                if (after[next].launch_path != own.launch_path || after[next].parameters != own.parameters ||
                    held[next] >= after[next].concurrent)
                    continue;
                ++held[next];
                kept[i] = next;
            }
        }
    }
    return kept;
}

/// How many idle processes of the old configuration an instance keeps: one stands in for each new one that is not
/// ready yet, so that a new configuration that does not start takes no capacity away.
constexpr std::uint32_t stand_ins(std::uint32_t open_places, std::uint32_t ready) {
    return open_places - std::min(open_places, ready);
}

}  // namespace gse::plan
