# Messages: sluice_proto() and sluice_descriptors(). In the tree and in the installed package.
#
# A .proto file is named from the top of its project's tree, and imports by such names what SLUICE_PROTO_PATH has: the same
# tree, or the installed .proto files. So every file has one name in every descriptor pool.

# sluice_proto_paths(<out> <proto>...): the files' paths.
function(sluice_proto_paths out)
    list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
    set(${out} ${paths} PARENT_SCOPE)
endfunction()

# sluice_proto_includes(<out>): protoc's options for the folders that imports are looked for in.
function(sluice_proto_includes out)
    set(folders ${PROJECT_SOURCE_DIR} ${SLUICE_PROTO_PATH})
    list(REMOVE_DUPLICATES folders)
    list(TRANSFORM folders PREPEND -I)
    set(${out} ${folders} PARENT_SCOPE)
endfunction()

# sluice_proto(<target> PROTOS ...): compiles .proto files into the target.
function(sluice_proto target)
    cmake_parse_arguments(ARG "" "" "PROTOS" ${ARGN})
    set(out ${PROJECT_BINARY_DIR}/proto)
    file(MAKE_DIRECTORY ${out})
    sluice_proto_includes(includes)
    foreach(proto ${ARG_PROTOS})
        string(REGEX REPLACE "\\.proto$" "" stem ${proto})
        add_custom_command(
            OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
            COMMAND protobuf::protoc --cpp_out=${out} ${includes} ${PROJECT_SOURCE_DIR}/${proto}
            DEPENDS ${PROJECT_SOURCE_DIR}/${proto} ${SLUICE_PROTO_IMPORTS}
            COMMENT "protoc ${proto}" VERBATIM)
        target_sources(${target} PRIVATE ${out}/${stem}.pb.cc)
        set_source_files_properties(${out}/${stem}.pb.cc PROPERTIES COMPILE_OPTIONS "-w" SKIP_LINTING ON)
    endforeach()
    target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
    target_link_libraries(${target} PUBLIC protobuf::libprotobuf)
endfunction()

# sluice_descriptor_set(<file> PROTOS ...): makes a file of the descriptors of these .proto files, comments and imports
# included.
function(sluice_descriptor_set file)
    cmake_parse_arguments(ARG "" "" "PROTOS" ${ARGN})
    sluice_proto_paths(sources ${ARG_PROTOS})
    sluice_proto_includes(includes)
    cmake_path(GET file FILENAME name)
    add_custom_command(
        OUTPUT ${file}
        COMMAND protobuf::protoc --include_imports --include_source_info --descriptor_set_out=${file}
                ${includes} ${sources}
        DEPENDS ${sources} ${SLUICE_PROTO_IMPORTS}
        COMMENT "descriptors ${name}" VERBATIM)
endfunction()

# sluice_descriptors(<target> <name> PROTOS ...): embeds the files' descriptors, with comments and imports, in the
# target. Its own code finds them by  #include "<name>_descriptors.hpp"  as  std::string_view <name>_descriptors(),  to be
# given to api::Registry::add_descriptors.
function(sluice_descriptors target name)
    cmake_parse_arguments(ARG "" "" "PROTOS" ${ARGN})
    set(dir ${CMAKE_CURRENT_BINARY_DIR}/descriptors)
    set(set ${dir}/${name}.binpb)
    sluice_descriptor_set(${set} PROTOS ${ARG_PROTOS})
    set(symbol sluice_descriptors_${name})
    file(CONFIGURE OUTPUT ${dir}/${name}.S @ONLY CONTENT [[
.section .rodata
.global @symbol@_begin, @symbol@_end
.hidden @symbol@_begin, @symbol@_end
@symbol@_begin:
.incbin "@set@"
@symbol@_end:
.section .note.GNU-stack,"",@progbits
]])
    file(CONFIGURE OUTPUT ${dir}/${name}_descriptors.hpp @ONLY CONTENT [[
#pragma once
#include <cstddef>
#include <string_view>
extern "C" __attribute__((visibility("hidden"))) const char @symbol@_begin[], @symbol@_end[];
inline std::string_view @name@_descriptors() {
    return {@symbol@_begin, static_cast<std::size_t>(@symbol@_end - @symbol@_begin)};
}
]])
    set_source_files_properties(${dir}/${name}.S PROPERTIES OBJECT_DEPENDS ${set})
    target_sources(${target} PRIVATE ${dir}/${name}.S)
    target_include_directories(${target} PRIVATE ${dir})
endfunction()
