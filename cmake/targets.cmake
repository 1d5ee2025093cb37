# gse_library(NAME [SEPARATE] SOURCES … DEPS …)   a static library rooted at src/. Eight sources are compiled at a time, which
#                                      takes a quarter of what eight of them take alone: names in unnamed namespaces must
#                                      differ within a library (SEPARATE: each source alone)
# gse_test(NAME SOURCES … DEPS …)      a GoogleTest program, registered with CTest
# gse_reads_sources(SOURCE …)          these sources know where the tree is, as GSE_SOURCE_DIR; no others, so that the
#                                      compiler cache serves all of them in every clone
# gse_proto(NAME FILE…)                messages and gRPC stubs of the .proto files of one folder

add_custom_target(generated)  # all sources and headers that are not in the tree

function(gse_library name)
    cmake_parse_arguments(ARG "SEPARATE" "" "SOURCES;DEPS" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    if(GSE_UNITY AND NOT ARG_SEPARATE)
        set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
        # They are included, but by nobody else.
        target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    endif()
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name} PUBLIC ${ARG_DEPS})
endfunction()

function(gse_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_precompile_headers(${name} REUSE_FROM gse_precompiled_test)
    target_compile_options(${name} PRIVATE -O0)  # a third less to compile, and what is tested is in the libraries
    target_link_libraries(${name} PRIVATE ${ARG_DEPS} fmt::fmt GTest::gmock GTest::gtest_main)  # as the precompiled header
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

function(gse_reads_sources)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_DEFINITIONS GSE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endfunction()

function(gse_proto name)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/generated)
    file(MAKE_DIRECTORY ${out})
    set(inputs)
    set(outputs)
    foreach(file IN LISTS ARGN)
        get_filename_component(input ${file} ABSOLUTE)
        get_filename_component(folder ${input} DIRECTORY)
        get_filename_component(stem ${file} NAME_WE)
        list(APPEND inputs ${input})
        list(APPEND outputs ${out}/${stem}.pb.cc ${out}/${stem}.pb.h ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
    endforeach()
    add_custom_command(
        OUTPUT ${outputs}
        COMMAND protobuf::protoc --proto_path=${folder} --cpp_out=${out} --grpc_out=${out}
                --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${inputs}
        DEPENDS ${inputs}
        VERBATIM)
    add_custom_target(${name}_generated DEPENDS ${outputs})
    add_dependencies(generated ${name}_generated)
    add_library(${name} STATIC ${outputs})
    target_include_directories(${name} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
    target_compile_options(${name} PRIVATE -w)
    target_link_libraries(${name} PUBLIC gRPC::grpc++ protobuf::libprotobuf)
endfunction()
