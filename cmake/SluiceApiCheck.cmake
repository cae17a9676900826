# sluice_api_check(): nothing of a released API is taken away. In the tree and in the installed package.
#
# sluice_api_check(<name> FOLDER folder PROTOS ...): holds .proto files, named from the top of their tree, against the
# released ones in FOLDER (cli/compat/README.md), which may be missing before the first release. Targets:
#
#   <name>-check             part of the ordinary build; fails with a sentence for each thing that is broken
#   <name>-accept            a release begins with it: what is there is the released state from now on
#   <name>-accept-breaking   the same, though it breaks what was released
#
# The descriptors of all files, comments and imports included, are in ${CMAKE_BINARY_DIR}/<name>.binpb.
function(sluice_api_check name)
    cmake_parse_arguments(ARG "" "FOLDER" "PROTOS" ${ARGN})
    cmake_path(ABSOLUTE_PATH ARG_FOLDER BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE folder)
    set(now ${CMAKE_BINARY_DIR}/${name}.binpb)
    set(then ${CMAKE_BINARY_DIR}/${name}-released.binpb)
    sluice_descriptor_set(${now} PROTOS ${ARG_PROTOS})

    file(GLOB_RECURSE released RELATIVE ${folder} CONFIGURE_DEPENDS ${folder}/*.proto)
    if(released)
        sluice_proto_includes(includes)
        list(TRANSFORM released PREPEND ${folder}/ OUTPUT_VARIABLE sources)
        add_custom_command(
            OUTPUT ${then}
            COMMAND protobuf::protoc --include_imports --descriptor_set_out=${then} -I${folder} ${includes} ${sources}
            DEPENDS ${sources}
            COMMENT "descriptors ${name}-released" VERBATIM)
    else()
        # A set of none.
        file(WRITE ${then} "")
    endif()

    set(arguments --folder ${folder} --released ${then} --descriptors ${now} ${ARG_PROTOS})
    set(checked ${CMAKE_BINARY_DIR}/${name}.checked)
    add_custom_command(
        OUTPUT ${checked}
        COMMAND Sluice::sluice-api-check check ${arguments}
        COMMAND ${CMAKE_COMMAND} -E touch ${checked}
        DEPENDS ${now} ${then} Sluice::sluice-api-check
        COMMENT "API compatibility" VERBATIM)
    add_custom_target(${name}-check ALL DEPENDS ${checked})
    add_custom_target(${name}-accept
        COMMAND Sluice::sluice-api-check accept ${arguments} DEPENDS ${now} ${then} VERBATIM USES_TERMINAL)
    add_custom_target(${name}-accept-breaking
        COMMAND Sluice::sluice-api-check accept --breaking ${arguments} DEPENDS ${now} ${then} VERBATIM USES_TERMINAL)
endfunction()
