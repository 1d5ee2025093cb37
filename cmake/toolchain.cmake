# Compiler flags and the libraries that every part may ask for by target name.
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers -fno-omit-frame-pointer)
add_compile_options(-pthread)  # everywhere, or a precompiled header would not be everyone's
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # The compiler clears its memory only past 2 GiB: a tenth of the build's CPU was spent clearing it every few megabytes.
    add_compile_options(--param=ggc-min-heapsize=2097152)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)  # for ccache
endif()
if(GSE_ASAN)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
    add_link_options(-fsanitize=address,undefined)
endif()
if(GSE_TSAN)
    add_compile_options(-fsanitize=thread)
    add_link_options(-fsanitize=thread)
endif()

find_program(CCACHE ccache)
if(CCACHE)
    # Precompiled headers: what they define counts as part of them, and they are kept like any other result.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
    add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 EXACT REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(PostgreSQL REQUIRED)  # libpq only
find_package(LibArchive REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)  # Debian ships only the module-mode finder
find_package(gRPC CONFIG REQUIRED)
pkg_check_modules(simdjson REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)

if(GSE_TSAN)
    # What the sanitizer must know about libraries that were not compiled for it; not for programs without a sanitizer.
    add_library(gse_foreign_sync OBJECT ${PROJECT_SOURCE_DIR}/tests/tsan/foreign_sync.cpp)
    set(program $<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>)
    set(sanitized $<NOT:$<IN_LIST:$<TARGET_PROPERTY:NAME>,gse-shim$<SEMICOLON>toy_game>>)
    link_libraries("$<$<AND:${program},${sanitized}>:$<TARGET_OBJECTS:gse_foreign_sync>>")
endif()
