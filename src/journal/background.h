/// Work beside the committer: one thread and its queue, or no thread at all.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace gse::journal {

enum class BackgroundMode : std::uint8_t {
    Thread,  ///< in order, on a thread of its own
    Inline,  ///< within post(): every run of a test takes the same steps
};

/// Runs jobs in the order posted. Jobs not begun when it is destroyed are dropped.
/// The queue is bounded by its users: at most one job a segment in use, and one trim.
class Background {
public:
    using Job = std::move_only_function<void()>;

    explicit Background(BackgroundMode mode) {
        if (mode == BackgroundMode::Thread) thread_ = std::thread([this] { run(); });
    }
    ~Background() {
        if (!thread_.joinable()) return;
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }

    /// The caller holds no lock that a job takes.
    void post(Job job) {
        if (!thread_.joinable()) return job();
        {
            const std::lock_guard lock(mutex_);
            jobs_.push_back(std::move(job));
        }
        changed_.notify_one();
    }

    /// For a job that takes its time, between two steps of it: waits for so long, unless another job waits for this
    /// one, or somebody for all of them.
    void rest(std::chrono::microseconds length) {
        if (!thread_.joinable()) return;
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, length, [this] { return stopping_ || hurried_ || !jobs_.empty(); });
    }
    /// Until what is posted is done, nothing rests.
    void hurry() {
        const std::lock_guard lock(mutex_);
        hurried_ = true;
        changed_.notify_one();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            if (jobs_.empty()) hurried_ = false;
            changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) return;
            Job job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            job = nullptr;
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    bool stopping_ = false;
    bool hurried_ = false;
    std::thread thread_;
};

}  // namespace gse::journal
