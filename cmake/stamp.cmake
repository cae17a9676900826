# Writes the build stamp of this tree: cmake -D OUT=... -D ROOT=... -D VERSION=... -D COMPILER=... -D SANITIZERS=...
# -P stamp.cmake. A plugin and a host whose stamps are equal were compiled against the same public headers.
cmake_minimum_required(VERSION 3.23)
include(${CMAKE_CURRENT_LIST_DIR}/public_headers.cmake)
sluice_reach_headers(reached ${ROOT} ${SLUICE_PUBLIC_HEADERS})
set(all "")
foreach(header ${reached})
    file(SHA256 ${ROOT}/${header} hash)
    string(APPEND all "${header} ${hash}\n")
endforeach()
string(SHA256 headers "${all}")
string(SUBSTRING ${headers} 0 16 headers)
if(SANITIZERS STREQUAL "")
    set(SANITIZERS none)
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT
"product=@VERSION@\nheaders=@headers@\ncompiler=@COMPILER@\nsanitizers=@SANITIZERS@\n")
