#include "base/temp_folder.h"

#include <stdlib.h>

#include <string>

#include "base/file.h"

namespace gse {

namespace {

Result<std::filesystem::path> make_unique_folder(std::string path) {
    path += "-XXXXXX";
    if (!::mkdtemp(path.data())) return refuse_errno("make the temporary folder", path);
    return path;
}

}  // namespace

Result<TempFolder> TempFolder::make(std::string_view name) {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
    if (error) return refuse(ErrorCode::FailedOperation, "there is no folder for temporary files; see TMPDIR");
    return TempFolder{TRY(make_unique_folder(parent / name))};
}

Result<TempFolder> TempFolder::make_beside(const std::filesystem::path& path, std::string_view word) {
    const auto plain = path.has_filename() ? path : path.parent_path();
    return TempFolder{TRY(make_unique_folder(plain.string() + "." + std::string(word)))};
}

TempFolder& TempFolder::operator=(TempFolder&& other) noexcept {
    if (this == &other) return *this;
    remove();
    path_ = std::exchange(other.path_, {});
    kept_ = other.kept_;
    return *this;
}

void TempFolder::remove() noexcept {
    std::error_code ignored;
    if (!kept_ && !path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace gse
