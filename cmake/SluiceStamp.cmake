# The build stamp that keeps a host from loading what was built for another. It names the product, the public headers by
# their contents, the compiler and the sanitizers.

# sluice_compiler(<out>): the compiler as a stamp names it, "GNU-12".
function(sluice_compiler out)
    string(REGEX MATCH "^[0-9]+" major ${CMAKE_CXX_COMPILER_VERSION})
    set(${out} ${CMAKE_CXX_COMPILER_ID}-${major} PARENT_SCOPE)
endfunction()

# sluice_make_stamp(): in the tree, the target sluice_stamp makes the file SLUICE_STAMP.
function(sluice_make_stamp)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS
        ${PROJECT_SOURCE_DIR}/graph/*.hpp ${PROJECT_SOURCE_DIR}/vnet/*.hpp ${PROJECT_SOURCE_DIR}/api/*.hpp
        ${PROJECT_SOURCE_DIR}/vnet/*.proto ${PROJECT_SOURCE_DIR}/api/*.proto)
    list(FILTER headers EXCLUDE REGEX "/testing/")
    sluice_compiler(compiler)
    add_custom_command(
        OUTPUT ${SLUICE_STAMP}
        COMMAND ${CMAKE_COMMAND} -D OUT=${SLUICE_STAMP} -D ROOT=${PROJECT_SOURCE_DIR} -D VERSION=${PROJECT_VERSION}
                -D COMPILER=${compiler} -D "SANITIZERS=${SLUICE_SANITIZE}" -P ${PROJECT_SOURCE_DIR}/cmake/stamp.cmake
        DEPENDS ${headers} ${PROJECT_SOURCE_DIR}/cmake/stamp.cmake ${PROJECT_SOURCE_DIR}/cmake/public_headers.cmake
        COMMENT "build stamp" VERBATIM)
    add_custom_target(sluice_stamp DEPENDS ${SLUICE_STAMP})
endfunction()

# sluice_adopt_stamp(<installed stamp>): outside the tree, writes SLUICE_STAMP: the installed product's and headers, and the
# compiler and sanitizers of this very build.
function(sluice_adopt_stamp installed)
    file(STRINGS ${installed} lines REGEX "^(product|headers)=")
    list(JOIN lines "\n" text)
    sluice_compiler(compiler)
    set(sanitizers none)
    if(SLUICE_SANITIZE)
        set(sanitizers ${SLUICE_SANITIZE})
    endif()
    file(CONFIGURE OUTPUT ${SLUICE_STAMP} @ONLY CONTENT "@text@\ncompiler=@compiler@\nsanitizers=@sanitizers@\n")
endfunction()
