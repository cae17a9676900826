// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/addresses.hpp"

#include <gtest/gtest.h>

#include "vnet/ip4/testing/net.hpp"

namespace vnet::ip4 {
namespace {

using testing::Net;
using wire::testing::ip;
using wire::testing::prefix;

class AddressesTest : public ::testing::Test {
protected:
    AddressesTest() { net_.start(); }
    absl::Status add(const char* interface, const char* text) {
        return addresses().add(interface, prefix(text));
    }
    absl::Status remove(const char* interface, const char* text) {
        return addresses().remove(interface, prefix(text));
    }
    Addresses& addresses() { return *net_.addresses; }
    std::string route(const char* text) {
        const auto found = net_.fib->find(prefix(text), RouteSource::address);
        return found
                   ? std::string(name(found->via.kind)) + " " + std::to_string(found->via.interface)
                   : "none";
    }
    uint32_t first() { return net_.interfaces.hot(Net::lan).ip4_address.load(); }
    std::vector<std::string> told_;
    Net net_;
};

TEST_F(AddressesTest, RefusesWithASentence) {
    struct Way {
        const char* interface;
        const char* text;
        const char* message;
    };
    const size_t routes = net_.fib->size();
    const std::string no_host =
        " cannot be an interface's address; give a host's unicast address with its prefix length";
    for (const char* text : {"0.0.0.0/8", "127.0.0.1/8", "224.0.0.5/24", "240.0.0.1/24",
                             "255.255.255.255/32", "9.9.9.9/0"}) {
        EXPECT_EQ(add("lan", text).message(), text + no_host);
    }
    for (const Way& way :
         {Way{"dmz", "9.0.0.1/24", "there is no interface 'dmz'; there are: lan, wan"},
          Way{"lan", "9.0.0.0/24",
              "9.0.0.0/24 is the network address of its network; give a host's address in "
              "9.0.0.0/24"},
          Way{"lan", "9.0.0.255/24",
              "9.0.0.255/24 is the broadcast address of its network; give a host's address in "
              "9.0.0.0/24"},
          Way{"lan", "10.0.0.1/24", "interface 'lan' has the address 10.0.0.1/24 already"},
          Way{"wan", "10.0.0.1/32", "interface 'lan' has the address 10.0.0.1/24 already"},
          Way{"wan", "10.0.0.9/24",
              "10.0.0.9/24 overlaps 10.0.0.1/24 of interface 'lan'; give a network of its own"},
          Way{"wan", "10.0.0.9/32",
              "10.0.0.9/32 overlaps 10.0.0.1/24 of interface 'lan'; give a network of its own"},
          Way{"lan", "10.0.0.9/25",
              "10.0.0.9/25 overlaps 10.0.0.1/24 of interface 'lan'; give a network of its own"},
          Way{"wan", "10.9.0.1/8",
              "10.9.0.1/8 overlaps 10.0.0.1/24 of interface 'lan'; give a network of its own"}}) {
        EXPECT_EQ(add(way.interface, way.text).message(), way.message);
    }
    EXPECT_EQ(remove("dmz", "9.0.0.1/24").message(),
              "there is no interface 'dmz'; there are: lan, wan");
    EXPECT_EQ(remove("lan", "10.0.0.1/25").message(),
              "interface 'lan' does not have 10.0.0.1/25; it has: 10.0.0.1/24");
    EXPECT_EQ(net_.fib->size(), routes);
    ASSERT_TRUE(remove("lan", "10.0.0.1/24").ok());
    EXPECT_EQ(remove("lan", "10.0.0.1/24").message(), "interface 'lan' has no IPv4 address");
}

TEST_F(AddressesTest, RoutesFollow) {
    EXPECT_EQ(route("10.0.0.1/32"), "local 1");
    EXPECT_EQ(route("10.0.0.0/24"), "connected 1");
    EXPECT_EQ(route("10.0.0.255/32"), "broadcast 1");
    ASSERT_TRUE(add("lan", "9.0.0.0/31").ok());
    EXPECT_EQ(route("9.0.0.0/31"), "connected 1");
    EXPECT_EQ(route("9.0.0.0/32"), "local 1");
    EXPECT_EQ(route("9.0.0.1/32"), "none");
    ASSERT_TRUE(add("wan", "8.8.8.8/32").ok());
    EXPECT_EQ(route("8.8.8.8/32"), "local 2");
    ASSERT_TRUE(remove("wan", "8.8.8.8/32").ok());
    EXPECT_EQ(route("8.8.8.8/32"), "none");
    ASSERT_TRUE(remove("lan", "10.0.0.1/24").ok());
    EXPECT_EQ(route("10.0.0.1/32"), "none");
    EXPECT_EQ(route("10.0.0.0/24"), "none");
    EXPECT_EQ(route("10.0.0.255/32"), "none");
}

TEST_F(AddressesTest, SeveralInOneNetworkShareItsRoutes) {
    ASSERT_TRUE(add("lan", "10.0.0.7/24").ok());
    EXPECT_EQ(addresses().of(Net::lan),
              (std::vector{prefix("10.0.0.1/24"), prefix("10.0.0.7/24")}));
    EXPECT_EQ(first(), ip("10.0.0.1").value());
    ASSERT_TRUE(remove("lan", "10.0.0.1/24").ok());
    EXPECT_EQ(first(), ip("10.0.0.7").value());
    EXPECT_EQ(route("10.0.0.1/32"), "none");
    EXPECT_EQ(route("10.0.0.7/32"), "local 1");
    EXPECT_EQ(route("10.0.0.0/24"), "connected 1");
    EXPECT_EQ(route("10.0.0.255/32"), "broadcast 1");
    ASSERT_TRUE(remove("lan", "10.0.0.7/24").ok());
    EXPECT_EQ(first(), 0u);
    EXPECT_EQ(route("10.0.0.0/24"), "none");
    EXPECT_TRUE(addresses().of(Net::lan).empty());
}

TEST_F(AddressesTest, KnowsWhoIsOnTheLink) {
    EXPECT_EQ(addresses().owner(ip("10.0.0.1")), Net::lan);
    EXPECT_EQ(addresses().owner(ip("10.1.0.1")), Net::wan);
    EXPECT_EQ(addresses().owner(ip("10.0.0.2")), 0u);
    ASSERT_TRUE(add("lan", "9.0.0.1/24").ok());
    EXPECT_EQ(addresses().on_link(Net::lan, ip("10.0.0.9")), ip("10.0.0.1"));
    EXPECT_EQ(addresses().on_link(Net::lan, ip("9.0.0.9")), ip("9.0.0.1"));
    for (const char* nobody : {"10.1.0.2", "10.0.0.0", "10.0.0.255", "8.8.8.8"}) {
        EXPECT_EQ(addresses().on_link(Net::lan, ip(nobody)), std::nullopt) << nobody;
    }
}

TEST_F(AddressesTest, TellsObservers) {
    addresses().observe([this](interface::Index interface, const wire::Ip4Prefix& which,
                               bool added) {
        told_.push_back(std::to_string(interface) + (added ? " + " : " - ") + which.to_string());
    });
    ASSERT_TRUE(add("wan", "9.0.0.1/24").ok());
    EXPECT_FALSE(add("wan", "9.0.0.1/24").ok());
    ASSERT_TRUE(remove("wan", "10.1.0.1/24").ok());
    ASSERT_TRUE(net_.interfaces.remove("wan").ok());
    EXPECT_EQ(told_,
              (std::vector<std::string>{"2 + 9.0.0.1/24", "2 - 10.1.0.1/24", "2 - 9.0.0.1/24"}));
    EXPECT_EQ(addresses().all().size(), 1u);
    EXPECT_EQ(route("9.0.0.0/24"), "none");
}

TEST_F(AddressesTest, ARefusedAddressLeavesNoRoute) {
    uint32_t net = 0x20000000;
    while (net_.table.blocks_in_use() + 1 < Dir24::max_blocks) {
        ASSERT_TRUE(net_.table.paint(net, net, 1));
        net += 256;
    }
    const size_t routes = net_.fib->size();
    // The address takes the last block, the broadcast address at the other end would need one more.
    EXPECT_EQ(add("lan", "9.0.0.1/16").code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(net_.fib->size(), routes);
    EXPECT_EQ(net_.table.blocks_in_use(), Dir24::max_blocks - 1);
    EXPECT_EQ(addresses().of(Net::lan).size(), 1u);
}

}  // namespace
}  // namespace vnet::ip4
