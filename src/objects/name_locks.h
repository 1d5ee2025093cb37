/// Names of which one thread at a time may have each. Private to this folder.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace gse::objects {

class NameLocks {
public:
    /// Gives the name back when it goes; the locks outlive it.
    class Hold {
    public:
        Hold(NameLocks* locks, std::string name) : locks_(locks), name_(std::move(name)) {}
        Hold(Hold&& other) noexcept : locks_(std::exchange(other.locks_, nullptr)), name_(std::move(other.name_)) {}
        Hold& operator=(Hold&&) = delete;
        ~Hold() {
            if (locks_) locks_->give_back(name_);
        }

    private:
        NameLocks* locks_;
        std::string name_;
    };

    /// Waits until nobody has it.
    [[nodiscard]] Hold hold(std::string name) {
        std::unique_lock lock(mutex_);
        freed_.wait(lock, [&] { return !held_.contains(name); });
        held_.insert(name);
        return {this, std::move(name)};
    }

private:
    void give_back(const std::string& name) {
        {
            const std::lock_guard lock(mutex_);
            held_.erase(name);
        }
        freed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable freed_;
    std::set<std::string> held_;
};

}  // namespace gse::objects
