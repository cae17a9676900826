# The .proto files that are released, those of tests left out: their descriptors, which the manuals are made of, and the check
# that nothing of them is taken from those who use them.
if(SLUICE_FUZZ OR SLUICE_SANITIZE)
    return()
endif()
include(SluiceApiCheck)
file(GLOB_RECURSE protos RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/api/*.proto ${PROJECT_SOURCE_DIR}/vnet/*.proto ${PROJECT_SOURCE_DIR}/plugins/*.proto)
list(FILTER protos EXCLUDE REGEX "(^|/)testing/")
list(SORT protos)
sluice_api_check(api FOLDER extras/api/released PROTOS ${protos})
add_dependencies(product api-check)
set(SLUICE_API_DESCRIPTORS ${PROJECT_BINARY_DIR}/api.binpb)
