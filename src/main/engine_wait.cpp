#include "main/engine_wait.h"

#include <chrono>
#include <future>

namespace gse {
namespace {
constexpr std::chrono::seconds kPatience{10};
}  // namespace

Result<void> decide_and_wait(engine::Engine& engine, engine::Engine::Kind kind,
                             std::move_only_function<void(core::Step&)> decide) {
    const auto passed = std::make_shared<std::promise<void>>();
    auto future = passed->get_future();
    TRY(engine.submit(
        kind,
        [decide = std::move(decide)](core::Step& step) mutable {
            decide(step);
            return std::string();
        },
        [passed](const std::string&) { passed->set_value(); }));
    if (future.wait_for(kPatience) == std::future_status::ready) return {};
    return refuse(ErrorCode::Overloaded, "the server is busy; try again in a moment");
}

}  // namespace gse
