/// A TCP proxy for tests that cuts, holds and heals connections. One thread; loopback only.
#pragma once

#include <cstdint>
#include <thread>

#include <atomic>

#include "base/fd.h"

namespace gse::link {

class TestProxy {
public:
    enum class Mode : std::uint8_t {
        Pass,
        Hold,  ///< connections stay open, nothing moves
        Cut,   ///< open connections are closed, new ones too
    };

    /// Listens on a port of the kernel's choice.
    explicit TestProxy(std::uint16_t target);
    ~TestProxy();
    TestProxy(const TestProxy&) = delete;
    TestProxy& operator=(const TestProxy&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// Where the next connections go.
    void set_target(std::uint16_t target) { target_ = target; }
    void set_mode(Mode mode);
    /// Connections accepted so far.
    [[nodiscard]] int accepted() const { return accepted_; }

private:
    void run();

    std::atomic<std::uint16_t> target_;
    std::atomic<Mode> mode_ = Mode::Pass;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> accepted_ = 0;
    std::uint16_t port_ = 0;
    Fd listener_;
    Fd wake_;
    std::thread thread_;
};

}  // namespace gse::link
