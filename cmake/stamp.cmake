# Writes the build stamp of this tree: cmake -D OUT=... -D ROOT=... -D HEADERS=list -D VERSION=... -D COMPILER=...
# -D SANITIZERS=... -P stamp.cmake. A plugin and a host whose stamps are equal were compiled against the same headers.
cmake_minimum_required(VERSION 3.23)
separate_arguments(HEADERS)
list(SORT HEADERS)
set(all "")
foreach(header ${HEADERS})
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
