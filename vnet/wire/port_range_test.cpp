// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/port_range.hpp"

#include <gtest/gtest.h>

namespace vnet::wire {
namespace {

TEST(PortRange, IsOneOrFromFirstToLast) {
    EXPECT_EQ(PortRange::parse("80").value(), (PortRange{80, 80}));
    EXPECT_EQ(PortRange::parse("8000-8999").value(), (PortRange{8000, 8999}));
    EXPECT_EQ(PortRange::parse("0-65535").value(), PortRange());
    EXPECT_EQ(PortRange().size(), 65536u);
    EXPECT_TRUE((PortRange{80, 81}).contains(81));
    EXPECT_FALSE((PortRange{80, 81}).contains(82));
    EXPECT_FALSE((PortRange{80, 81}).contains(79));
}

TEST(PortRange, IsReadAsItIsWritten) {
    for (const char* text : {"1", "80", "65535", "1-65535", "8000-8999"}) {
        const auto ports = PortRange::parse(text);
        ASSERT_TRUE(ports.ok()) << ports.status();
        EXPECT_EQ(ports->to_string(), text);
    }
}

TEST(PortRange, RefusesWithASentence) {
    for (const char* text : {"", "-", "a", "80-", "-80", "9-8", "80-79", "65536", "80-65536",
                             "1-2-3", "80-90-100", "http", " 80"}) {
        EXPECT_EQ(PortRange::parse(text).status().message(),
                  "'" + std::string(text) +
                      "' are no ports; give one, or the first and the last: 80, 8000-8999");
    }
}

}  // namespace
}  // namespace vnet::wire
