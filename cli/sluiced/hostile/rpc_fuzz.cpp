// SPDX-License-Identifier: Apache-2.0
#include <sched.h>

#include <cstdint>

#include "cli/sluiced/hostile/world.hpp"

/// Every method of the daemon against requests that bytes decide, in a router that is built for
/// each input, so that one which fails does so again by itself.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    // Whatever a request may talk the router into stays in a network of its own, where we may make
    // one.
    (void)unshare(CLONE_NEWNET);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cli::hostile::World world;
    world.run({data, size});
    return 0;
}
