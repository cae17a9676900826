// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "api/file.hpp"
#include "vnet/ipfix/testing/reader.hpp"

namespace vnet::ipfix::testing {

/// A collector at 127.0.0.1, on a port of its own or on one that was an earlier collector's.
class Collector {
public:
    explicit Collector(uint16_t port = 0) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const general = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(socket_.get(), general, size), 0);
        EXPECT_EQ(getsockname(socket_.get(), general, &size), 0);
        port_ = ntohs(address.sin_port);
    }

    uint16_t port() const { return port_; }
    /// The next message that has come; nothing where there is none.
    std::optional<Reader::Message> next() {
        std::vector<std::byte> bytes(65536);
        sockaddr_in from{};
        socklen_t from_size = sizeof(from);
        const ssize_t size = recvfrom(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                                      reinterpret_cast<sockaddr*>(&from), &from_size);
        if (size < 0) {
            return std::nullopt;
        }
        bytes.resize(size_t(size));
        longest_ = std::max(longest_, bytes.size());
        source_port_ = ntohs(from.sin_port);
        return reader_.read(bytes);
    }
    /// The longest message so far.
    size_t longest() const { return longest_; }
    /// Where the last message came from.
    uint16_t source_port() const { return source_port_; }

private:
    api::File socket_{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    uint16_t port_ = 0;
    uint16_t source_port_ = 0;
    size_t longest_ = 0;
    Reader reader_;
};

}  // namespace vnet::ipfix::testing
