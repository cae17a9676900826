// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/netlink.hpp"

#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace punt::netlink {
namespace {

std::vector<std::byte> attribute(uint16_t length, uint16_t type, std::vector<uint8_t> value) {
    std::vector<std::byte> bytes(sizeof(rtattr));
    const rtattr header{length, type};
    std::memcpy(bytes.data(), &header, sizeof(header));
    for (const uint8_t one : value) {
        bytes.push_back(std::byte(one));
    }
    return bytes;
}

TEST(Netlink, RequestsAreWhatTheKernelReads) {
    Request request(RTM_NEWADDR, NLM_F_CREATE);
    ifaddrmsg header{};
    header.ifa_family = AF_INET;
    request.header(header);
    request.attribute(IFA_LOCAL, uint32_t(0x0100000a));
    request.attribute(9, uint8_t(7));
    const auto bytes = request.bytes();
    ASSERT_EQ(bytes.size(), 16U + 8 + 8 + 8);
    nlmsghdr first;
    std::memcpy(&first, bytes.data(), sizeof(first));
    EXPECT_EQ(first.nlmsg_len, bytes.size());
    EXPECT_EQ(first.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
    const auto attributes = bytes.subspan(24);
    EXPECT_EQ(find(attributes, IFA_LOCAL).size(), 4U);
    ASSERT_EQ(find(attributes, 9).size(), 1U);
    EXPECT_EQ(find(attributes, 9)[0], std::byte(7));
    EXPECT_TRUE(find(attributes, 10).empty());
}

TEST(Netlink, AttributesThatCannotBeTrueEndTheSearch) {
    EXPECT_TRUE(find({}, 1).empty());
    EXPECT_TRUE(find(attribute(3, 1, {1, 2}), 1).empty());
    EXPECT_TRUE(find(attribute(0, 1, {1, 2, 3, 4}), 1).empty());
    EXPECT_TRUE(find(attribute(9, 1, {1, 2, 3, 4}), 1).empty());
    EXPECT_TRUE(find(attribute(8, 2, {1, 2, 3}), 1).empty());
    EXPECT_EQ(find(attribute(6, 1, {1, 2}), 1).size(), 2U);
}

TEST(Netlink, TheKernelAnswers) {
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    ASSERT_GE(fd, 0);
    Request list(RTM_GETADDR, NLM_F_DUMP);
    list.header(ifaddrmsg{});
    unsigned addresses = 0;
    EXPECT_EQ(dump(fd, list, [&](uint16_t type, auto) { addresses += type == RTM_NEWADDR; }), 0);
    // An interface that there is none of, or no right to change one.
    Request wrong(RTM_NEWADDR, NLM_F_CREATE);
    ifaddrmsg header{};
    header.ifa_family = AF_INET;
    header.ifa_index = 0x7fffffff;
    wrong.header(header);
    wrong.attribute(IFA_LOCAL, uint32_t(0x0100000a));
    EXPECT_NE(ask(fd, wrong), 0);
    close(fd);
}

}  // namespace
}  // namespace punt::netlink
