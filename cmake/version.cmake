# Writes OUT when the version, the commit or the build type changed. Run at every build, so that a commit made after
# configuring is seen: cmake -D SOURCE=… -D OUT=… -D VERSION=… -D BUILD_TYPE=… -P version.cmake
set(commit "")
find_program(GIT git)
if(GIT AND EXISTS ${SOURCE}/.git)
    execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --abbrev=12 --dirty=+ --exclude=*
                    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(failed)
        set(commit "")
    endif()
endif()
set(text "#include \"base/version.h\"\n
namespace gse {
std::string_view version() { return \"${VERSION}\"; }
std::string_view git_commit() { return \"${commit}\"; }
std::string_view build_type() { return \"${BUILD_TYPE}\"; }
}  // namespace gse\n")
set(present "")
if(EXISTS ${OUT})
    file(READ ${OUT} present)
endif()
if(NOT present STREQUAL text)
    file(WRITE ${OUT} "${text}")
endif()
