// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/netlink.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace punt::netlink {

namespace {

constexpr size_t aligned(size_t size) {
    return (size + NLMSG_ALIGNTO - 1) / NLMSG_ALIGNTO * NLMSG_ALIGNTO;
}

int send_request(int socket, const Request& request) {
    const auto bytes = request.bytes();
    return send(socket, bytes.data(), bytes.size(), 0) < 0 ? errno : 0;
}

/// A header in front of `bytes`, which must be whole; nullptr at the end.
const nlmsghdr* header_of(std::span<const std::byte> bytes) {
    if (bytes.size() < sizeof(nlmsghdr)) {
        return nullptr;
    }
    const auto* header = reinterpret_cast<const nlmsghdr*>(bytes.data());
    return header->nlmsg_len >= sizeof(nlmsghdr) && header->nlmsg_len <= bytes.size() ? header
                                                                                      : nullptr;
}

int error_of(std::span<const std::byte> payload) {
    int error = 0;
    if (payload.size() >= sizeof(error)) {
        std::memcpy(&error, payload.data(), sizeof(error));
    }
    return -error;
}

}  // namespace

Request::Request(uint16_t type, uint16_t flags) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = uint16_t(NLM_F_REQUEST | NLM_F_ACK | flags);
    header.nlmsg_seq = sequence();
    append(std::as_bytes(std::span(&header, 1)));
}

void Request::append(std::span<const std::byte> part) {
    // What is asked for here has a few attributes of one number or address each.
    std::memcpy(bytes_.data() + size_, part.data(), part.size());
    size_ = aligned(size_ + part.size());
    const auto length = uint32_t(size_);
    std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof(length));
}

void Request::attribute(uint16_t type, std::span<const std::byte> value) {
    const rtattr header{uint16_t(sizeof(rtattr) + value.size()), type};
    append(std::as_bytes(std::span(&header, 1)));
    append(value);
}

int ask(int socket, const Request& request) {
    int answer = ETIMEDOUT;
    const int error = dump(socket, request, [&](uint16_t type, std::span<const std::byte> payload) {
        if (type == NLMSG_ERROR) {
            answer = error_of(payload);
        }
    });
    return error != 0 ? error : answer;
}

int dump(int socket, const Request& request,
         const std::function<void(uint16_t, std::span<const std::byte>)>& show) {
    if (const int error = send_request(socket, request); error != 0) {
        return error;
    }
    alignas(NLMSG_ALIGNTO) std::array<std::byte, 32768> buffer;
    for (;;) {
        const ssize_t length = recv(socket, buffer.data(), buffer.size(), 0);
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length < 0) {
            return errno;
        }
        std::span<const std::byte> left(buffer.data(), size_t(length));
        while (const nlmsghdr* header = header_of(left)) {
            const auto payload =
                left.subspan(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr));
            if (header->nlmsg_type == NLMSG_DONE) {
                return 0;
            }
            show(header->nlmsg_type, payload);
            if (header->nlmsg_type == NLMSG_ERROR) {
                return error_of(payload);
            }
            left = left.subspan(std::min(left.size(), aligned(header->nlmsg_len)));
        }
    }
}

std::span<const std::byte> find(std::span<const std::byte> bytes, uint16_t type) {
    while (bytes.size() >= sizeof(rtattr)) {
        rtattr header;
        std::memcpy(&header, bytes.data(), sizeof(header));
        if (header.rta_len < sizeof(header) || header.rta_len > bytes.size()) {
            break;
        }
        if (header.rta_type == type) {
            return bytes.subspan(sizeof(header), header.rta_len - sizeof(header));
        }
        bytes = bytes.subspan(std::min(bytes.size(), aligned(header.rta_len)));
    }
    return {};
}

}  // namespace punt::netlink
