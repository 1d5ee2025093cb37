#include "journal/fault_disk.h"

#include <fmt/format.h>

#include <algorithm>

namespace gse::journal {
namespace {
constexpr std::size_t kSector = 512;
}

const char* name_of(DiskOp op) {
    static constexpr const char* kNames[kDiskOps] = {"open", "read",   "write",  "truncate",
                                                     "sync", "rename", "remove", "sync_dir"};
    return kNames[static_cast<std::size_t>(op)];
}

// ---- Accidents ---------------------------------------------------------------------------------------------------

void FaultDisk::inject(DiskOp op, std::uint64_t n, DiskFault fault) {
    const std::lock_guard lock(mutex_);
    planned_ = Planned{op, calls_[static_cast<std::size_t>(op)] + n, fault};
    struck_ = false;
}

bool FaultDisk::fault_has_struck() const {
    const std::lock_guard lock(mutex_);
    return struck_;
}

std::uint64_t FaultDisk::calls(DiskOp op) const {
    const std::lock_guard lock(mutex_);
    return calls_[static_cast<std::size_t>(op)];
}

void FaultDisk::cut_power_after(std::uint64_t n) {
    const std::lock_guard lock(mutex_);
    power_left_ = n;
}

bool FaultDisk::power_is_out() const {
    const std::lock_guard lock(mutex_);
    return power_left_ == 0;
}

void FaultDisk::set_free_bytes(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    free_bytes_ = bytes;
}

std::optional<DiskFault> FaultDisk::meet(DiskOp op) {
    if (power_left_ == 0) return DiskFault::Io;
    const std::uint64_t call = ++calls_[static_cast<std::size_t>(op)];
    if (planned_ && planned_->op == op && planned_->at == call) {
        const DiskFault fault = planned_->fault;
        planned_.reset();
        struck_ = true;
        return fault;
    }
    if (power_left_ && op != DiskOp::Open && op != DiskOp::Read) {
        --*power_left_;
        if (power_left_ == 0 && (op == DiskOp::Sync || op == DiskOp::SyncDir)) return DiskFault::Io;
    }
    return std::nullopt;
}

FaultDisk::Change FaultDisk::torn(const Change& change) {
    Change part = change;
    if (change.truncation) return part;
    // Some run of its sectors: a beginning, a middle, an end, nothing, or all. The others keep what was there.
    const std::uint64_t first_sector = change.offset / kSector;
    const std::uint64_t end_sector = (change.offset + change.bytes.size() + kSector - 1) / kSector;
    const std::uint64_t a = first_sector + rng_.below(end_sector - first_sector + 1);
    const std::uint64_t b = first_sector + rng_.below(end_sector - first_sector + 1);
    const std::uint64_t from = std::max(std::min(a, b) * kSector, change.offset);
    const std::uint64_t to = std::min<std::uint64_t>(std::max(a, b) * kSector, change.offset + change.bytes.size());
    part.offset = from;
    part.bytes.clear();
    if (from < to)
        part.bytes.assign(change.bytes.begin() + static_cast<std::ptrdiff_t>(from - change.offset),
                          change.bytes.begin() + static_cast<std::ptrdiff_t>(to - change.offset));
    return part;
}

void FaultDisk::crash() {
    const std::lock_guard lock(mutex_);
    // Of the names: a beginning of the changes (a journaling file system), or any of them (POSIX promises no more).
    const bool any_part = rng_.chance(0.5);
    const std::size_t kept_names = static_cast<std::size_t>(rng_.below(unsynced_names_.size() + 1));
    for (std::size_t i = 0; i < unsynced_names_.size(); ++i)
        if (any_part ? rng_.chance(0.5) : i < kept_names) apply(durable_names_, unsynced_names_[i]);
    for (auto& [name, inode] : durable_names_) {
        const std::uint64_t mode = rng_.below(4);
        const std::size_t kept = static_cast<std::size_t>(rng_.below(inode->unsynced.size() + 1));
        for (std::size_t i = 0; i < inode->unsynced.size(); ++i) {
            const Change& change = inode->unsynced[i];
            if (mode == 1) apply(inode->durable, change);                            // everything
            if (mode == 2 && i < kept) apply(inode->durable, change);                // a beginning
            if (mode == 2 && i == kept) apply(inode->durable, torn(change));         // and a torn one
            if (mode == 3 && rng_.chance(0.6)) apply(inode->durable, torn(change));  // any part
        }
        inode->unsynced.clear();
        inode->now = inode->durable;
    }
    names_ = durable_names_;
    unsynced_names_.clear();
    reboot();
}

void FaultDisk::restart() {
    const std::lock_guard lock(mutex_);
    reboot();
}

void FaultDisk::reboot() {
    planned_.reset();
    power_left_.reset();
    locks_.clear();
    ++generation_;
}

std::map<std::string, std::vector<std::byte>> FaultDisk::image() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::vector<std::byte>> contents;
    for (const auto& [name, inode] : names_) contents[name] = inode->now;
    return contents;
}

void FaultDisk::apply(std::vector<std::byte>& content, const Change& change) {
    if (change.truncation) return content.resize(change.offset);
    if (change.bytes.empty()) return;
    if (content.size() < change.offset + change.bytes.size()) content.resize(change.offset + change.bytes.size());
    std::ranges::copy(change.bytes, content.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

void FaultDisk::apply(Names& names, const NameChange& change) {
    if (!change.gone.empty()) names.erase(change.gone);
    if (!change.made.empty()) names[change.made] = change.inode;
}

std::unexpected<Error> FaultDisk::failure(DiskOp op, const path& file, DiskFault fault) {
    return refuse(fault == DiskFault::Io ? ErrorCode::FailedOperation : ErrorCode::Insufficient,
                  fmt::format("cannot {} {}: {}", name_of(op), file.string(),
                              fault == DiskFault::Io ? "Input/output error" : "No space left on device"));
}

// ---- Names -------------------------------------------------------------------------------------------------------

void FaultDisk::change_names(NameChange change) {
    apply(names_, change);
    unsynced_names_.push_back(std::move(change));
}

Result<std::unique_ptr<File>> FaultDisk::open(const path& file, OpenMode mode) {
    const std::lock_guard lock(mutex_);
    if (const auto fault = meet(DiskOp::Open)) return failure(DiskOp::Open, file, *fault);
    const auto found = names_.find(file.string());
    InodePtr inode = found == names_.end() ? nullptr : found->second;
    if (mode == OpenMode::Create) {
        if (inode) return refuse(ErrorCode::FailedOperation, fmt::format("cannot create {}: it exists", file.string()));
        inode = std::make_shared<Inode>();
        change_names({.gone = {}, .made = file.string(), .inode = inode});
    }
    if (!inode) return refuse(ErrorCode::NotFound, fmt::format("cannot open {}: no such file", file.string()));
    return std::unique_ptr<File>(new FaultFile(*this, file, inode));
}

Result<void> FaultDisk::rename(const path& from, const path& to) {
    const std::lock_guard lock(mutex_);
    if (const auto fault = meet(DiskOp::Rename)) return failure(DiskOp::Rename, from, *fault);
    const auto found = names_.find(from.string());
    if (found == names_.end()) return refuse(ErrorCode::NotFound, fmt::format("cannot rename {}", from.string()));
    change_names({.gone = from.string(), .made = to.string(), .inode = found->second});
    return {};
}

Result<void> FaultDisk::remove(const path& file) {
    const std::lock_guard lock(mutex_);
    if (const auto fault = meet(DiskOp::Remove)) return failure(DiskOp::Remove, file, *fault);
    if (names_.contains(file.string())) change_names({.gone = file.string(), .made = {}, .inode = {}});
    return {};
}

Result<void> FaultDisk::sync_dir(const path& dir) {
    const std::lock_guard lock(mutex_);
    if (const auto fault = meet(DiskOp::SyncDir)) return failure(DiskOp::SyncDir, dir, *fault);
    for (const NameChange& change : unsynced_names_) apply(durable_names_, change);
    unsynced_names_.clear();
    return {};
}

Result<std::vector<std::string>> FaultDisk::list(const path& dir) {
    const std::lock_guard lock(mutex_);
    if (const auto fault = meet(DiskOp::Read)) return failure(DiskOp::Read, dir, *fault);
    std::vector<std::string> names;
    for (const auto& [name, inode] : names_) names.push_back(path(name).filename().string());
    return names;
}

Result<std::uint64_t> FaultDisk::free_bytes(const path&) {
    const std::lock_guard lock(mutex_);
    return free_bytes_;
}

class FaultLock final : public DirLock {
public:
    FaultLock(FaultDisk& disk, std::string name, std::uint64_t generation)
        : disk_(disk), name_(std::move(name)), generation_(generation) {}
    ~FaultLock() override {
        const std::lock_guard lock(disk_.mutex_);
        if (generation_ == disk_.generation_) disk_.locks_.erase(name_);
    }

private:
    FaultDisk& disk_;
    std::string name_;
    std::uint64_t generation_;
};

Result<std::unique_ptr<DirLock>> FaultDisk::lock(const path& file) {
    const std::lock_guard lock(mutex_);
    if (!locks_.insert(file.string()).second)
        return refuse(ErrorCode::InUse, fmt::format("{} is locked", file.string()));
    return std::make_unique<FaultLock>(*this, file.string(), generation_);
}

// ---- Contents ----------------------------------------------------------------------------------------------------

std::optional<DiskFault> FaultFile::meet(DiskOp op) {
    if (generation_ != disk_.generation_) return DiskFault::Io;
    return disk_.meet(op);
}

Result<void> FaultFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
    const std::lock_guard lock(disk_.mutex_);
    const auto fault = meet(DiskOp::Write);
    if (fault && *fault != DiskFault::ShortWrite) return disk_.failure(DiskOp::Write, name_, *fault);
    if (fault) bytes = bytes.first(bytes.size() / 2);
    FaultDisk::Change change{offset, {bytes.begin(), bytes.end()}, false};
    FaultDisk::apply(inode_->now, change);
    inode_->unsynced.push_back(std::move(change));
    if (fault) return disk_.failure(DiskOp::Write, name_, *fault);
    return {};
}

Result<std::size_t> FaultFile::read_at(std::uint64_t offset, std::span<std::byte> bytes) {
    const std::lock_guard lock(disk_.mutex_);
    if (const auto fault = meet(DiskOp::Read)) return disk_.failure(DiskOp::Read, name_, *fault);
    if (offset >= inode_->now.size()) return 0;
    const std::size_t n = std::min<std::uint64_t>(bytes.size(), inode_->now.size() - offset);
    std::copy_n(inode_->now.begin() + static_cast<std::ptrdiff_t>(offset), n, bytes.begin());
    return n;
}

Result<std::uint64_t> FaultFile::size() {
    const std::lock_guard lock(disk_.mutex_);
    if (generation_ != disk_.generation_) return disk_.failure(DiskOp::Read, name_, DiskFault::Io);
    return inode_->now.size();
}

Result<void> FaultFile::sync() {
    const std::lock_guard lock(disk_.mutex_);
    const auto fault = meet(DiskOp::Sync);
    if (fault && disk_.power_left_ != 0 && generation_ == disk_.generation_) inode_->unsynced.clear();
    if (fault) return disk_.failure(DiskOp::Sync, name_, *fault);
    for (const auto& change : inode_->unsynced) FaultDisk::apply(inode_->durable, change);
    inode_->unsynced.clear();
    return {};
}

Result<void> FaultFile::truncate(std::uint64_t size) {
    const std::lock_guard lock(disk_.mutex_);
    if (const auto fault = meet(DiskOp::Truncate)) return disk_.failure(DiskOp::Truncate, name_, *fault);
    FaultDisk::Change change{size, {}, true};
    FaultDisk::apply(inode_->now, change);
    inode_->unsynced.push_back(std::move(change));
    return {};
}

}  // namespace gse::journal
