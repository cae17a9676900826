// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"

namespace vnet::ipfix {

/// What a field may hold: a number, which is sent in network byte order in its full size, or what
/// lies in packets anyway, as an address does.
template <class Value>
concept FieldValue =
    (std::unsigned_integral<Value> && !std::same_as<Value, bool>) || wire::WireHeader<Value>;

/// An information element of IANA's registry, with the type of its values (RFC 7012).
template <FieldValue Value>
struct Element {
    uint16_t id;
};

/// A field of a template: which element, in how many bytes (RFC 7011 3.2).
struct Field {
    uint16_t element;
    uint16_t bytes;
    friend bool operator==(const Field&, const Field&) = default;
};

/// What the records of a data set consist of (RFC 7011 3.4.1).
struct Template {
    /// The lowest; lower ones mean sets of other kinds.
    static constexpr uint16_t lowest_id = 256;
    uint16_t id;
    std::vector<Field> fields;

    /// Of each record.
    size_t record_bytes() const noexcept {
        size_t sum = 0;
        for (const Field& field : fields) {
            sum += field.bytes;
        }
        return sum;
    }
    /// Of the template itself, in a set of templates.
    size_t bytes() const noexcept { return 4 + 4 * fields.size(); }
};

/// A template whose records are made of typed values, so that the compiler finds what does not fit:
///
///     constexpr Layout seen(256, Element<uint64_t>{323}, Element<wire::Ip4Address>{8});
///     exporter.add(seen, time_ms, address);
template <FieldValue... Values>
class Layout {
public:
    /// Of each record.
    static constexpr size_t record_bytes = (sizeof(Values) + ...);

    explicit constexpr Layout(uint16_t id, Element<Values>... elements) noexcept
        : id_(id), elements_{elements.id...} {}

    constexpr uint16_t id() const noexcept { return id_; }
    Template declaration() const {
        Template made{id_, {}};
        size_t place = 0;
        (made.fields.push_back({elements_[place++], uint16_t(sizeof(Values))}), ...);
        return made;
    }
    static std::array<std::byte, record_bytes> record(const Values&... values) noexcept {
        std::array<std::byte, record_bytes> bytes;
        std::byte* end = bytes.data();
        (put(end, values), ...);
        return bytes;
    }

private:
    template <class Value>
    static void put(std::byte*& end, const Value& value) noexcept {
        if constexpr (std::unsigned_integral<Value>) {
            const wire::Be<Value> sent(value);
            std::memcpy(end, &sent, sizeof(sent));
        } else {
            std::memcpy(end, &value, sizeof(value));
        }
        end += sizeof(Value);
    }

    uint16_t id_;
    std::array<uint16_t, sizeof...(Values)> elements_;
};

}  // namespace vnet::ipfix
