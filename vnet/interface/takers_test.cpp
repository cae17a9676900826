// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/takers.hpp"

#include <gtest/gtest.h>

namespace vnet::interface {
namespace {

TEST(TakersTest, AnInterfaceHasOneAtATime) {
    Takers takers;
    ASSERT_TRUE(takers.claim(7, "lan", "a port of bridge 'office'").ok());
    EXPECT_TRUE(takers.claim(8, "wan", "joined with 'lan'").ok());
    EXPECT_EQ(takers.claim(7, "lan", "joined with 'wan'").message(),
              "interface 'lan' is a port of bridge 'office'; delete that first");
    EXPECT_EQ(takers.check(8, "wan").message(),
              "interface 'wan' is joined with 'lan'; delete that first");
    takers.release(7);
    EXPECT_TRUE(takers.check(7, "lan").ok());
    EXPECT_TRUE(takers.claim(7, "lan", "joined with 'wan'").ok());
    takers.release(9);
}

}  // namespace
}  // namespace vnet::interface
