// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace vnet::ipfix::testing {

/// Reads messages as a collector does, from RFC 7011 alone and with nothing of what writes them.
/// Throws std::runtime_error where a message is not well formed.
class Reader {
public:
    /// Values by element; all that are sent here fit 64 bits.
    using Record = std::map<uint16_t, uint64_t>;
    struct Message {
        uint32_t export_time = 0;
        uint32_t sequence = 0;
        uint32_t domain = 0;
        /// Ids, in order.
        std::vector<uint16_t> templates;
        /// With the ids of their templates.
        std::vector<std::pair<uint16_t, Record>> records;
    };

    Message read(std::span<const std::byte> bytes) {
        left_ = bytes;
        Message message;
        expect(take(2) == 10, "version");
        expect(take(2) == bytes.size(), "length");
        message.export_time = uint32_t(take(4));
        message.sequence = uint32_t(take(4));
        message.domain = uint32_t(take(4));
        while (!left_.empty()) {
            const auto id = uint16_t(take(2));
            const uint64_t length = take(2);
            expect(length > 4 && length - 4 <= left_.size(), "length of a set");
            const auto behind = left_.subspan(length - 4);
            while (left_.size() > behind.size()) {
                if (id == 2) {
                    message.templates.push_back(take_template());
                } else {
                    message.records.emplace_back(id, take_record(id));
                }
            }
            expect(left_.size() == behind.size(), "end of a set");
        }
        return message;
    }

private:
    struct Field {
        uint16_t element;
        size_t bytes;
    };
    static void expect(bool good, const char* what) {
        if (!good) {
            throw std::runtime_error(what);
        }
    }
    uint64_t take(size_t bytes) {
        expect(bytes <= left_.size() && bytes <= 8, "end");
        uint64_t value = 0;
        for (size_t i = 0; i < bytes; ++i) {
            value = value << 8 | uint64_t(left_[i]);
        }
        left_ = left_.subspan(bytes);
        return value;
    }
    uint16_t take_template() {
        const auto id = uint16_t(take(2));
        expect(id >= 256, "id of a template");
        std::vector<Field> fields(take(2));
        for (Field& field : fields) {
            field.element = uint16_t(take(2));
            field.bytes = take(2);
        }
        templates_[id] = fields;
        return id;
    }
    Record take_record(uint16_t id) {
        const auto found = templates_.find(id);
        expect(found != templates_.end(), "a record of no known template");
        Record record;
        for (const Field& field : found->second) {
            record[field.element] = take(field.bytes);
        }
        return record;
    }

    std::span<const std::byte> left_;
    /// Of earlier messages too.
    std::map<uint16_t, std::vector<Field>> templates_;
};

}  // namespace vnet::ipfix::testing
