// gse logs: what a game said. On its own host it is read as it is written; from elsewhere, as far as it was collected
// when sessions ended.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/temp_folder.h"
#include "cli/commands.h"
#include "cli/fleet_life.h"
#include "cli/lookup.h"
#include "cli/print_zip.h"

namespace gse::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 1 << 16;
constexpr std::int64_t kFollowMs = 24 * 3'600'000LL;
constexpr std::uint64_t kLinksAPage = 100;

struct Logs {
    std::string what;
    bool follow = false;
    std::string data;
};

/// The output of one process, read on from where the last look ended.
class Tail {
public:
    Tail(fs::path folder, std::string label) : folder_(std::move(folder)), label_(std::move(label)) {}

    /// What was written since; true while there may come more.
    bool look(std::ostream& out, bool with_label) {
        std::error_code gone;
        if (first_) show(folder_ / "output.1.log", 0, out, with_label);
        const fs::path file = folder_ / "output.log";
        const std::uint64_t size = fs::file_size(file, gone);
        if (gone) return false;
        if (size < offset_) {  // it was moved to output.1.log, and begun anew
            show(folder_ / "output.1.log", offset_, out, with_label);
            offset_ = 0;
        }
        const bool over = fs::exists(folder_ / "exit", gone);
        offset_ = show(file, offset_, out, with_label);
        first_ = false;
        return !over;
    }

private:
    /// From `offset` to the end; answers where that is.
    std::uint64_t show(const fs::path& path, std::uint64_t offset, std::ostream& out, bool with_label) {
        std::ifstream file{path, std::ios::binary};
        if (!file.seekg(static_cast<std::streamoff>(offset))) return offset;
        std::string piece(kPieceBytes, '\0');
        while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0) {
            const std::string_view text = std::string_view{piece}.substr(0, static_cast<std::size_t>(file.gcount()));
            offset += text.size();
            if (!with_label) {
                print_plain(text, out);
                continue;
            }
            for (const char c : text) {
                if (at_line_start_) out << label_ << ": ";
                at_line_start_ = c == '\n';
                print_plain({&c, 1}, out);
            }
        }
        return offset;
    }

    fs::path folder_;
    std::string label_;
    std::uint64_t offset_ = 0;
    bool first_ = true;
    bool at_line_start_ = true;
};

/// Processes whose output lies on this machine: folder by id.
std::map<std::string, fs::path> local_processes(const fs::path& data, const std::string& instance,
                                                const std::string& process) {
    std::map<std::string, fs::path> found;
    std::error_code unreadable;
    for (const auto& one : fs::directory_iterator(data / "agent" / "instances", unreadable)) {
        if (!instance.empty() && one.path().filename() != instance) continue;
        std::error_code gone;
        for (const auto& folder : fs::directory_iterator(one.path() / "processes", gone))
            if (process.empty() || folder.path().filename() == process)
                found.emplace(folder.path().filename().string(), folder.path());
    }
    return found;
}

class Reader {
public:
    Reader(Session& session, const Logs& options) : session_(session), options_(options) {
        const std::string credentials = session.outside.environment("GSE_CREDENTIALS");
        data_ = !options.data.empty() ? fs::path(options.data) : fs::path(credentials).parent_path();
        until_ms_ = session.outside.clock.monotonic_ms() + kFollowMs;
    }

    Result<void> run() {
        session_.outside.note_interrupts();
        // A process is called `ins-….PLACE.…`, after its instance.
        if (options_.what.starts_with("ins-") && options_.what.find('.') == std::string::npos) return of_instance();
        if (!options_.what.starts_with("qcs::") && !local_processes(data_, "", options_.what).empty())
            return tail("", options_.what);
        if (auto process = find_process()) return of_process(*process);
        return of_session();
    }

private:
    [[nodiscard]] bool over() const {
        return session_.outside.interrupted() || session_.outside.clock.monotonic_ms() >= until_ms_;
    }

    /// Shows what lies here, and with -f what comes, until the processes are over.
    Result<void> tail(const std::string& instance, const std::string& process) {
        std::map<std::string, Tail> tails;
        for (bool more = true; more;) {
            for (const auto& [id, folder] : local_processes(data_, instance, process))
                tails.try_emplace(id, folder, id);
            more = false;
            for (auto& [id, one] : tails)
                if (one.look(session_.outside.out, process.empty())) more = true;
            session_.outside.out.flush();
            if (!options_.follow || over()) return {};
            if (!process.empty() && !more) return {};
            more = true;
            session_.outside.pause(kBetweenLooks);
            if (over()) return {};
        }
        return {};
    }

    std::optional<api::ServerProcess> find_process() {
        if (options_.what.starts_with("qcs::")) return std::nullopt;
        const auto fleets = all_fleets(session_.api);
        if (!fleets) return std::nullopt;
        for (const auto& fleet : *fleets)
            if (const auto processes = all_processes(session_.api, fleet.fleet_id.value_or("")))
                for (const auto& process : *processes)
                    if (process.process_id == options_.what) return process;
        return std::nullopt;
    }

    Result<void> of_process(const api::ServerProcess& process) {
        if (process.game_server_session_id) return of_session(*process.game_server_session_id);
        return refuse(
            ErrorCode::Unavailable,
            fmt::format("process {} runs no session, and logs are collected when sessions end. What it prints "
                        "lies on its host {}: run gse logs there, with --data FOLDER",
                        process.process_id, process.ip_address));
    }

    Result<void> of_session() {
        return of_session(TRY(find_session_or_last(session_.api, options_.what)).game_server_session_id);
    }

    Result<void> of_session(const std::string& id) {
        for (;;) {
            const auto found =
                TRY(call(session_.api, api::DescribeGameServerSessionsRequest{.game_server_session_id = id}));
            const bool live =
                !found.game_server_sessions.empty() && (found.game_server_sessions.front().status == "ACTIVE" ||
                                                        found.game_server_sessions.front().status == "ACTIVATING");
            if (live) {
                const std::string process = TRY(process_of(found.game_server_sessions.front()));
                if (!process.empty() && !local_processes(data_, "", process).empty()) return tail("", process);
                if (!options_.follow)
                    return refuse(
                        ErrorCode::Unavailable,
                        fmt::format("the session is {}, and its log is collected when it ends: -f waits for that. "
                                    "What it prints now lies on its host {}: run gse logs there, with --data "
                                    "FOLDER",
                                    found.game_server_sessions.front().status,
                                    found.game_server_sessions.front().ip_address));
            } else {
                const auto link =
                    call(session_.api, api::GetGameServerSessionLogUrlRequest{.game_server_session_id = id});
                if (link && link->pre_signed_url) return show_link(*link->pre_signed_url);
                const bool collecting = !link && link.error().message.find("being collected") != std::string::npos;
                if (!options_.follow || !collecting)
                    return link ? refuse(ErrorCode::NotFound, "the session has no log") : std::unexpected(link.error());
            }
            if (over()) return {};
            session_.outside.pause(kBetweenLooks);
            TRY(go_on(session_));
        }
    }

    /// The process that runs a session; "" when it is over.
    Result<std::string> process_of(const api::GameServerSession& wanted) {
        for (const auto& process : TRY(all_processes(session_.api, wanted.fleet_id)))
            if (process.game_server_session_id == wanted.game_server_session_id) return process.process_id;
        return std::string();
    }

    /// The fleet an instance belongs or belonged to.
    Result<std::string> fleet_of(const std::string& instance) {
        if (const auto found = find_instance(session_.api, instance)) return found->fleet_id.value_or("");
        for (const auto& fleet : TRY(all_fleets(session_.api)))
            if (call(session_.api, api::GetGameServerInstanceLogUrlRequest{
                                       .fleet_id = fleet.fleet_id.value_or(""), .instance_id = instance, .size = 1}))
                return fleet.fleet_id.value_or("");
        return refuse(ErrorCode::NotFound, fmt::format("there is, and was, no instance {}", instance));
    }

    Result<void> of_instance() {
        if (!local_processes(data_, options_.what, "").empty()) return tail(options_.what, "");
        const std::string fleet = TRY(fleet_of(options_.what));
        std::uint64_t shown = 0;
        for (;;) {
            const auto page =
                TRY(call(session_.api,
                         api::GetGameServerInstanceLogUrlRequest{
                             .fleet_id = fleet, .instance_id = options_.what, .offset = shown, .size = kLinksAPage}));
            for (const std::string& link : page.presigned_urls) TRY(show_link(link));
            shown += page.presigned_urls.size();
            if (page.has_next && !page.presigned_urls.empty()) continue;
            if (shown == 0 && !options_.follow)
                return refuse(ErrorCode::NotFound, fmt::format("instance {} has no logs yet", options_.what));
            if (!options_.follow || over()) return {};
            session_.outside.pause(kBetweenLooks);
            if (over()) return {};
        }
    }

    Result<void> show_link(const std::string& url) {
        const TempFolder scratch = TRY(TempFolder::make("gse-logs"));
        const fs::path file = scratch.path() / "log";
        TRY(session_.api.download(url, file));
        std::ifstream head{file, std::ios::binary};
        char magic[2] = {};
        head.read(magic, 2);
        if (magic[0] == 'P' && magic[1] == 'K') return print_zip(file, session_.outside.out);
        head.clear();
        head.seekg(0);
        std::string piece(kPieceBytes, '\0');
        while (head.read(piece.data(), static_cast<std::streamsize>(piece.size())) || head.gcount() > 0)
            print_plain(std::string_view{piece}.substr(0, static_cast<std::size_t>(head.gcount())),
                        session_.outside.out);
        return {};
    }

    Session& session_;
    const Logs& options_;
    fs::path data_;
    std::int64_t until_ms_ = 0;
};

Result<void> logs(Session& session, const Logs& options) {
    if (session.json) return refuse(ErrorCode::InvalidParameterValue, "a log is the game's own text, not JSON");
    return Reader{session, options}.run();
}

}  // namespace

void add_logs_command(CLI::App& app, Chosen& chosen) {
    add_command<Logs>(
        app, chosen,
        {"logs",
         "Prints what a session, a process or an instance has logged: on its host as it is written, else what was "
         "collected.",
         "gse logs friday -f"},
        [](CLI::App& c, Logs& o) {
            c.add_option("what", o.what, "name or id of a session, id of a process or an instance")->required();
            c.add_flag("-f,--follow", o.follow, "go on until it is over, or Ctrl-C");
            c.add_option("--data", o.data,
                         "on the game's host: data folder of its agent; default: where GSE_CREDENTIALS lies");
        },
        logs);
}

}  // namespace gse::cli
