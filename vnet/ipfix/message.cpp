// SPDX-License-Identifier: Apache-2.0
#include "vnet/ipfix/message.hpp"

#include <algorithm>
#include <cstring>

#include "vnet/wire/endian.hpp"

namespace vnet::ipfix {

namespace {

constexpr uint16_t version = 10;
/// The id of a set that holds templates (RFC 7011 3.3.2).
constexpr uint16_t template_set = 2;
constexpr size_t longest = 65535;

/// As it is sent (RFC 7011 3.1).
struct WireHeader {
    wire::Be16 version;
    wire::Be16 length;
    wire::Be32 export_time;
    wire::Be32 sequence;
    wire::Be32 domain;
};
static_assert(sizeof(WireHeader) == Message::header_bytes);

}  // namespace

Message::Message(size_t most_bytes) : most_bytes_(std::min(most_bytes, longest)) {
    bytes_.reserve(most_bytes_);
    clear();
}

void Message::clear() noexcept {
    bytes_.resize(header_bytes);
    set_ = 0;
    set_id_ = 0;
    records_ = 0;
}

bool Message::add(const Template& declared) {
    if (!make_room(template_set, declared.bytes())) {
        return false;
    }
    put16(declared.id);
    put16(uint16_t(declared.fields.size()));
    for (const Field& field : declared.fields) {
        put16(field.element);
        put16(field.bytes);
    }
    return true;
}

bool Message::add(uint16_t template_id, std::span<const std::byte> record) {
    if (!make_room(template_id, record.size())) {
        return false;
    }
    bytes_.insert(bytes_.end(), record.begin(), record.end());
    ++records_;
    return true;
}

/// Makes the last set one of this id that is longer by so many bytes, which are still to be put.
bool Message::make_room(uint16_t set_id, size_t bytes) {
    const bool new_set = set_id != set_id_;
    const size_t needed = bytes + (new_set ? set_header_bytes : 0);
    if (bytes_.size() + needed > most_bytes_) {
        return false;
    }
    if (new_set) {
        set_ = bytes_.size();
        set_id_ = set_id;
        put16(set_id);
        put16(0);
    }
    write16(set_ + 2, uint16_t(bytes_.size() + bytes - set_));
    return true;
}

void Message::put16(uint16_t value) {
    bytes_.resize(bytes_.size() + sizeof(value));
    write16(bytes_.size() - sizeof(value), value);
}

void Message::write16(size_t place, uint16_t value) noexcept {
    const wire::Be16 sent(value);
    std::memcpy(bytes_.data() + place, &sent, sizeof(sent));
}

std::span<const std::byte> Message::finish(const Header& header) noexcept {
    const WireHeader sent{wire::Be16(version), wire::Be16(uint16_t(bytes_.size())),
                          wire::Be32(header.export_time), wire::Be32(header.sequence),
                          wire::Be32(header.domain)};
    std::memcpy(bytes_.data(), &sent, sizeof(sent));
    return bytes_;
}

}  // namespace vnet::ipfix
