# sluice_descriptors(<target> <name> PROTOS ...): embeds the files' descriptors, with comments and imports, in the
# target. Its own code finds them by  #include "<name>_descriptors.hpp"  as  std::string_view <name>_descriptors(),  to be
# given to api::Registry::add_descriptors.
function(sluice_descriptors target name)
    cmake_parse_arguments(ARG "" "" "PROTOS" ${ARGN})
    set(dir ${CMAKE_CURRENT_BINARY_DIR}/descriptors)
    set(set ${dir}/${name}.binpb)
    list(TRANSFORM ARG_PROTOS PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
    add_custom_command(
        OUTPUT ${set}
        COMMAND protobuf::protoc --include_imports --include_source_info --descriptor_set_out=${set}
                -I ${PROJECT_SOURCE_DIR} ${sources}
        DEPENDS ${sources} ${SLUICE_PROTO_IMPORTS}
        COMMENT "descriptors ${name}" VERBATIM)
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
