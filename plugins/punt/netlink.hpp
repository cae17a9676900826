// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/rtnetlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>

/// The little of rtnetlink (RFC 3549) that is needed here.
namespace punt::netlink {

/// A request: a header of the family's kind, then attributes.
class Request {
public:
    /// NLM_F_REQUEST and NLM_F_ACK are set.
    Request(uint16_t type, uint16_t flags);

    /// Directly behind the constructor.
    template <class Header>
    void header(const Header& header) {
        append(std::as_bytes(std::span(&header, 1)));
    }
    void attribute(uint16_t type, std::span<const std::byte> value);
    void attribute(uint16_t type, uint32_t value) {
        attribute(type, std::as_bytes(std::span(&value, 1)));
    }
    void attribute(uint16_t type, uint8_t value) {
        attribute(type, std::as_bytes(std::span(&value, 1)));
    }
    std::span<const std::byte> bytes() const noexcept { return {bytes_.data(), size_}; }
    uint32_t sequence() const noexcept { return 1; }

private:
    void append(std::span<const std::byte> part);

    alignas(NLMSG_ALIGNTO) std::array<std::byte, 256> bytes_{};
    size_t size_ = 0;
};

/// The kernel's answer: 0, or an error's number.
int ask(int socket, const Request& request);

/// Shows every message of a dump's answer, from behind its netlink header, with its type. 0, or an
/// error's number.
int dump(int socket, const Request& request,
         const std::function<void(uint16_t, std::span<const std::byte>)>& show);

/// The value of an attribute among those in `bytes`; empty where it is not there.
std::span<const std::byte> find(std::span<const std::byte> bytes, uint16_t type);

}  // namespace punt::netlink
