# sluice_plugin(): plugins. In the tree and in the installed package.

# An object shows one name to the world, its entry.
set(SLUICE_PLUGIN_EXPORTS ${CMAKE_BINARY_DIR}/plugin.exports)
file(WRITE ${SLUICE_PLUGIN_EXPORTS} "{ global: sluice_plugin_register; local: *; };\n")
set(SLUICE_PLUGIN_BUILD_DIR ${CMAKE_BINARY_DIR}/lib/sluice/plugins)

# sluice_plugin(<name> SOURCES ... [PROTO file] [LIBS ...] [GROUP group] [TESTING]): the plugin <name> as a shared object
# that the host loads at run time. Its sources define, in the namespace <name> (with _ for -),
#     absl::Status register_plugin(vnet::plugin::Registry&);
# which is all that it exports. The object carries two sections that the host reads before it maps the code: .sluice.stamp,
# and .sluice.descriptors with the .proto's descriptors, comments and imports included. PROTO is named from the top of the
# tree. It is built in SLUICE_PLUGIN_BUILD_DIR and installed where sluiced looks; GROUP: the Debian package
# sluice-plugin-<group> has it, else one of its own name. TESTING: built in the folder's own build directory and not
# installed.
function(sluice_plugin name)
    cmake_parse_arguments(ARG "TESTING" "PROTO;GROUP" "SOURCES;LIBS" ${ARGN})
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
        sluice_descriptor_set(${dir}/descriptors PROTOS ${ARG_PROTO})
        string(APPEND section
            ".ascii \"proto=${ARG_PROTO}\\n\"\n"
            ".section .sluice.descriptors,\"a\",@progbits\n.incbin \"${dir}/descriptors\"\n")
        list(APPEND embedded ${dir}/descriptors)
    endif()
    file(WRITE ${dir}/sections.S "${section}.section .note.GNU-stack,\"\",@progbits\n")
    set_source_files_properties(${dir}/sections.S PROPERTIES OBJECT_DEPENDS "${embedded}")
    target_sources(${target} PRIVATE ${dir}/sections.S)
    if(TARGET sluice_stamp)
        add_dependencies(${target} sluice_stamp)
    endif()

    if(ARG_TESTING)
        set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/plugins)
        return()
    endif()
    if(NOT ARG_GROUP)
        set(ARG_GROUP ${name})
    endif()
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${SLUICE_PLUGIN_BUILD_DIR})
    install(TARGETS ${target} LIBRARY DESTINATION ${SLUICE_PLUGIN_INSTALL_DIR} COMPONENT plugin-${ARG_GROUP})
    set_property(GLOBAL APPEND PROPERTY SLUICE_PLUGIN_GROUPS ${ARG_GROUP})
    if(TARGET plugins)
        add_dependencies(plugins ${target})
    endif()
endfunction()
