/// What was asked and what became of it, a line each: a request id leads from the API call through the placement and
/// its session to the player whom the game accepted. For operators who follow one match (setting log.requests).
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "engine/api_port.h"
#include "engine/changes.h"

namespace gse {

/// The members of a line, the first of them `event`.
using LogFields = std::vector<std::pair<std::string_view, std::string>>;
/// `event=placement request_id=…`; what holds blanks, quotes or control characters is quoted.
[[nodiscard]] std::string fields_as_text(const LogFields& fields);
/// `"event":"placement","request_id":"…"`.
[[nodiscard]] std::string fields_as_json(const LogFields& fields);

struct RequestLogOptions {
    std::uint64_t lines_per_second = 200;  ///< further ones are only counted
    std::size_t known_max = 20'000;        ///< placements and sessions whose request is remembered; then no new ones
};

/// Stands before the API and before whoever listens to changes. Thread-safe. No line holds a secret: the id of a player
/// session, which admits a player, is in none.
class RequestLog final : public engine::ApiPort, public engine::ChangeSink {
public:
    using Write = std::function<void(const LogFields&)>;

    /// All of them outlive it.
    RequestLog(engine::ApiPort& api, engine::ChangeSink& next, const Clock& clock, Write write,
               RequestLogOptions options = {});

    void call(engine::ApiCall call, std::move_only_function<void(std::string body)> done) override;
    [[nodiscard]] core::WatchLevel wanted() const override { return core::WatchLevel::All; }
    void take(engine::Changes changes) override;

private:
    void on_answer(const std::string& action, const std::string& request_id, const std::string& region,
                   std::int64_t began_ms, const std::string& body);
    void log(const engine::PlacementChange& change);
    void log(const engine::SessionChange& change);
    void log(const engine::PlayerChange& change);
    template <class Other>
    void log(const Other&) {}
    void write(const LogFields& fields);
    void remember(const std::string& what, const std::string& request_id);
    [[nodiscard]] std::string request_of(const std::string& what) const;

    engine::ApiPort& api_;
    engine::ChangeSink& next_;
    const Clock& clock_;
    const Write write_;
    const RequestLogOptions options_;

    std::mutex mutex_;                                       ///< guards what follows
    std::unordered_map<std::string, std::string> requests_;  ///< placement or session → request id
    std::int64_t second_ = 0;
    std::uint64_t lines_ = 0;  ///< in this second
    std::uint64_t left_off_ = 0;
};

}  // namespace gse
