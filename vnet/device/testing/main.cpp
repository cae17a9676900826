// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>

/// Ends without DPDK's clean-up, which unmaps memory that its interrupt thread may still read: the
/// memif driver leaves that thread a handle.
int main(int argc, char** argv) {
    testing::InitGoogleMock(&argc, argv);
    const int result = RUN_ALL_TESTS();
    std::fflush(nullptr);
    std::_Exit(result);
}
