/// A folder for the moment.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace gse {

/// Owns a fresh folder, mode 0700, and removes it with everything in it at the end. What cannot be removed stays.
class TempFolder {
public:
    /// `<where the system keeps temporary files>/<name>-<six characters nobody can foresee>`. FailedOperation when it
    /// cannot be made.
    [[nodiscard]] static Result<TempFolder> make(std::string_view name);

    /// `<path>.<word>-<six characters>`: on the same file system, so that what is finished there can be renamed.
    [[nodiscard]] static Result<TempFolder> make_beside(const std::filesystem::path& path, std::string_view word);

    TempFolder(TempFolder&& other) noexcept : path_(std::exchange(other.path_, {})), kept_(other.kept_) {}
    TempFolder& operator=(TempFolder&& other) noexcept;
    ~TempFolder() { remove(); }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// From now on it is not removed.
    void keep() { kept_ = true; }

private:
    explicit TempFolder(std::filesystem::path path) : path_(std::move(path)) {}
    void remove() noexcept;

    std::filesystem::path path_;  // empty: moved away
    bool kept_ = false;
};

}  // namespace gse
