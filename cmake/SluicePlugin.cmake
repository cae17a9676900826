# Plugins: sluice_plugin(), and the build stamp that keeps a host from loading what was built for another.

# The stamp names the product, the public headers by their contents, the compiler and the sanitizers.
file(GLOB_RECURSE headers RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/graph/*.hpp ${PROJECT_SOURCE_DIR}/vnet/*.hpp ${PROJECT_SOURCE_DIR}/api/*.hpp)
list(FILTER headers EXCLUDE REGEX "(^|/)testing/")
list(JOIN headers " " header_words)
list(TRANSFORM headers PREPEND ${PROJECT_SOURCE_DIR}/)
string(REGEX MATCH "^[0-9]+" compiler_major ${CMAKE_CXX_COMPILER_VERSION})
set(SLUICE_STAMP ${CMAKE_BINARY_DIR}/sluice.stamp)
add_custom_command(
    OUTPUT ${SLUICE_STAMP}
    COMMAND ${CMAKE_COMMAND} -D OUT=${SLUICE_STAMP} -D ROOT=${PROJECT_SOURCE_DIR} -D "HEADERS=${header_words}"
            -D VERSION=${PROJECT_VERSION} -D COMPILER=${CMAKE_CXX_COMPILER_ID}-${compiler_major}
            -D "SANITIZERS=${SLUICE_SANITIZE}" -P ${CMAKE_CURRENT_LIST_DIR}/stamp.cmake
    DEPENDS ${headers} ${CMAKE_CURRENT_LIST_DIR}/stamp.cmake
    COMMENT "build stamp" VERBATIM)
add_custom_target(sluice_stamp DEPENDS ${SLUICE_STAMP})
unset(headers)
unset(header_words)

# An object shows one name to the world, its entry.
set(SLUICE_PLUGIN_EXPORTS ${CMAKE_BINARY_DIR}/plugin.exports)
file(WRITE ${SLUICE_PLUGIN_EXPORTS} "{ global: sluice_plugin_register; local: *; };\n")

# sluice_plugin(<name> SOURCES ... [PROTO file] [LIBS ...] [TESTING]): the plugin <name> as a shared object that the host
# loads at run time. Its sources define, in the namespace <name> (with _ for -),
#     absl::Status register_plugin(vnet::plugin::Registry&);
# which is all that it exports. The object carries two sections that the host reads before it maps the code: .sluice.stamp,
# and .sluice.descriptors with the .proto's descriptors, comments and imports included. PROTO is named from the top of the
# tree. TESTING: built in the folder's own build directory and not installed.
function(sluice_plugin name)
    cmake_parse_arguments(ARG "TESTING" "PROTO" "SOURCES;LIBS" ${ARGN})
    set(target plugin_${name})
    set(dir ${CMAKE_CURRENT_BINARY_DIR}/${target})
    string(REPLACE "-" "_" namespace ${name})
    file(CONFIGURE OUTPUT ${dir}/entry.cpp @ONLY CONTENT [[
#include "vnet/plugin/registry.hpp"
namespace @namespace@ {
absl::Status register_plugin(vnet::plugin::Registry& registry);
}
extern "C" void sluice_plugin_register(vnet::plugin::Registry& registry, absl::Status& status) {
    status = @namespace@::register_plugin(registry);
}
]])
    add_library(${target} MODULE ${ARG_SOURCES} ${dir}/entry.cpp)
    set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name})
    target_link_libraries(${target} PRIVATE Sluice::vnet ${ARG_LIBS})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_options(${target} PRIVATE -Wl,--version-script=${SLUICE_PLUGIN_EXPORTS})
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${SLUICE_PLUGIN_EXPORTS})
    if(NOT SLUICE_SANITIZE)
        target_link_options(${target} PRIVATE -Wl,-z,defs)
    endif()

    set(section ".section .sluice.stamp,\"a\",@progbits\n.incbin \"${SLUICE_STAMP}\"\n")
    set(embedded ${SLUICE_STAMP})
    if(ARG_PROTO)
        sluice_proto(${target} PROTOS ${ARG_PROTO})
        add_custom_command(
            OUTPUT ${dir}/descriptors
            COMMAND protobuf::protoc --include_imports --include_source_info --descriptor_set_out=${dir}/descriptors
                    -I ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${ARG_PROTO}
            DEPENDS ${PROJECT_SOURCE_DIR}/${ARG_PROTO} ${SLUICE_PROTO_IMPORTS}
            COMMENT "descriptors ${name}" VERBATIM)
        string(APPEND section
            ".ascii \"proto=${ARG_PROTO}\\n\"\n"
            ".section .sluice.descriptors,\"a\",@progbits\n.incbin \"${dir}/descriptors\"\n")
        list(APPEND embedded ${dir}/descriptors)
    endif()
    file(WRITE ${dir}/sections.S "${section}.section .note.GNU-stack,\"\",@progbits\n")
    set_source_files_properties(${dir}/sections.S PROPERTIES OBJECT_DEPENDS "${embedded}")
    target_sources(${target} PRIVATE ${dir}/sections.S)
    add_dependencies(${target} sluice_stamp)

    if(ARG_TESTING)
        set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/plugins)
    else()
        set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${SLUICE_PLUGIN_BUILD_DIR})
        install(TARGETS ${target} LIBRARY DESTINATION ${SLUICE_PLUGIN_INSTALL_DIR})
        add_dependencies(plugins ${target})
    endif()
endfunction()
# All of the product's own plugins.
add_custom_target(plugins)
