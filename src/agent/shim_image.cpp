#include "agent/shim_image.h"

#include <sys/stat.h>

#include <string_view>

#include "base/crypto.h"
#include "base/file.h"
#include "base/hex.h"

// Built beside this library; see CMakeLists.txt.
asm(".section .rodata\n"
    ".balign 16\n"
    ".global gse_shim_image\n"
    "gse_shim_image:\n"
    ".incbin \"" GSE_SHIM_FILE
    "\"\n"
    ".global gse_shim_image_end\n"
    "gse_shim_image_end:\n"
    ".byte 0\n"
    ".text\n");
extern "C" const char gse_shim_image[];
extern "C" const char gse_shim_image_end[];

namespace gse::agent {

Result<std::filesystem::path> install_shim(const std::filesystem::path& folder) {
    const std::string_view image(gse_shim_image, static_cast<std::size_t>(gse_shim_image_end - gse_shim_image));
    auto path = folder / ("gse-shim-" + to_hex(sha256(image)).substr(0, 16));
    constexpr std::size_t kImageBytesMax = 16 << 20;
    if (const auto present = read_file(path, kImageBytesMax); !present || *present != image)
        TRY(write_file_atomically(path, image));
    if (chmod(path.c_str(), 0755) != 0) return refuse_errno("make executable", path);
    return path;
}

}  // namespace gse::agent
