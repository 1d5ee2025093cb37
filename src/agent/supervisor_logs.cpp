// Logs of a session: collected when the server says so, sent once.
#include <sys/stat.h>

#include <algorithm>

#include <fmt/format.h>

#include "agent/log_bundle.h"
#include "agent/supervisor_impl.h"

namespace gse::agent {
namespace {

constexpr std::size_t kLogsMax = 4'096;
constexpr std::uint32_t kLogTriesLeaving = 5;  ///< an instance that was given up waits for its logs no longer
constexpr std::int64_t kRememberMs = 600'000;

}  // namespace

void Supervisor::Impl::on_collect_logs(link::CollectLogs order) {
    const std::string session = order.session_id;
    if (const auto known = logs_.find(session); known != logs_.end()) {
        if (known->second.done)
            report(*known->second.done);
        else
            known->second.order.target = order.target;  // its authorization is fresh
        return;
    }
    const Instance* instance = find_instance(order.instance_id);
    if (!instance || instance->removed_files) {
        report(link::LogCollected{session, false, "", 0, "the instance's files are gone"});
        return;
    }
    if (logs_.size() >= kLogsMax * 4) std::erase_if(logs_, [](const auto& item) { return item.second.done; });
    const auto waiting = std::ranges::count_if(logs_, [](const auto& item) { return !item.second.done; });
    if (static_cast<std::size_t>(waiting) >= kLogsMax) {
        report(link::LogCollected{session, false, "", 0, "too many logs wait to be collected on this host"});
        return;
    }
    logs_[session].order = std::move(order);
}

void Supervisor::Impl::collect(const std::string& session_id) {
    LogJob& job = logs_[session_id];
    const Instance* instance = find_instance(job.order.instance_id);
    if (!instance) {
        job.done = link::LogCollected{session_id, false, "", 0, "the instance's files are gone"};
        report(*job.done);
        return;
    }
    const std::filesystem::path process_folder = instance->folders.processes() / job.order.process_id;
    const Record intent = load_record(process_folder / "launch").value_or(Record{});
    LogRequest request{.game_dir = instance->folders.game(),
                       .working_folder = intent.text("working_folder"),
                       .paths = job.order.paths,
                       .process_dir = process_folder,
                       .bytes_max = job.order.max_bytes};
    if (request.working_folder.empty()) request.working_folder = "/local/game";
    job.running = true;
    const bool queued = in_background(
        [request = std::move(request), order = job.order, url = objects_url(), ca = options.ca_file,
         zip = root_ / "tmp" / rng_.text(12), stop = instance->stop] {
            std::pair<link::LogCollected, bool> done{{.session_id = order.session_id}, false};
            auto& [answer, again] = done;
            const auto bundle = bundle_logs(request, zip);
            Result<void> sent;
            if (!bundle) {
                answer.ok = false;
                answer.message = bundle.error().message;
                again = bundle.error().code == ErrorCode::Insufficient;
            } else if (answer.message = bundle->message; bundle->files > 0) {
                // Not the instance's stop flag: its removal waits for the logs, not the other way round.
                static const std::atomic<bool> never = false;
                sent = send_file({object_url(url, order.target.bucket, order.target.key), order.target.authorization,
                                  bundle->bytes, ca},
                                 zip, never);
                answer.ok = sent.has_value();
                answer.log_key = sent ? order.target.key : "";
                answer.bytes = sent ? bundle->bytes : 0;
                again = !sent && sent.error().code == ErrorCode::Unavailable;
                if (!sent) answer.message = sent.error().message;
            }
            remove_tree(zip);
            return done;
        },
        [this, session_id](std::pair<link::LogCollected, bool> done) {
            const auto found = logs_.find(session_id);
            if (found == logs_.end()) return;
            found->second.running = false;
            if (!reporter_.connected()) found->second.retry.tries = 0;  // nor is it the log's fault
            const Instance* of = find_instance(found->second.order.instance_id);
            const bool leaving = !of || of->phase == link::InstancePhase::Remove;
            if (done.second &&
                found->second.retry.failed(now(), options.log_retry_first, options.log_retry_longest,
                                           leaving ? std::min(kLogTriesLeaving, options.log_tries) : options.log_tries))
                return;
            found->second.done = std::move(done.first);
            found->second.done_ms = now();
            report(*found->second.done);
            // The folder of a process that is gone waited for this.
            if (Process* process = find_process(found->second.order.process_id);
                process && process->state == Process::State::Exited && !unacked_exits_.contains(process->exit_seq))
                forget(*process);
        });
    if (!queued) {
        job.running = false;
        job.retry.not_before_ms = now() + 1'000;
    }
}

void Supervisor::Impl::drive_logs(std::int64_t now) {
    std::vector<std::string> due;
    for (const auto& [session, job] : logs_)
        if (!job.running && !job.done && now >= job.retry.not_before_ms) due.push_back(session);
    for (const auto& session : due) collect(session);
    std::erase_if(logs_,
                  [&](const auto& item) { return item.second.done && now >= item.second.done_ms + kRememberMs; });
}

}  // namespace gse::agent
