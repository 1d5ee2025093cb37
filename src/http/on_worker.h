/// Connection::on_worker, for the files that serve with it. Private: brings Asio in.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "http/connection.h"

namespace gse::http {

/// Runs `work` on a worker thread while this thread serves others.
template <class Work>
auto Connection::on_worker(Work work) -> Awaitable<std::invoke_result_t<Work&>> {
    using Value = std::invoke_result_t<Work&>;
    working_ = true;
    set_deadline();
    std::optional<Value> value;
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void()>(
        [&](auto handler) {
            // The guard keeps the loop running until the way back is made.
            boost::asio::post(loop_.shared.workers, [&work, &value, handler = std::move(handler),
                                                     guard = boost::asio::make_work_guard(loop_.context)]() mutable {
                value.emplace(work());
                boost::asio::post(guard.get_executor(), std::move(handler));
            });
        },
        boost::asio::use_awaitable_t<Executor>{});
    working_ = false;
    set_deadline();
    co_return *std::move(value);
}

}  // namespace gse::http
