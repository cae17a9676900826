// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

/// A reader of pcapng for tests, written from the specification alone.
namespace vnet::capture::testing {

struct Block {
    uint32_t type = 0;
    std::vector<std::byte> body;
    std::map<uint16_t, std::string> options;

    template <class T>
    T at(size_t offset) const {
        T value;
        if (offset + sizeof(value) > body.size()) {
            throw std::runtime_error("the block is too short");
        }
        std::memcpy(&value, body.data() + offset, sizeof(value));
        return value;
    }
    template <class T>
    T option(uint16_t code) const {
        T value{};
        const std::string& text = options.at(code);
        if (text.size() != sizeof(value)) {
            throw std::runtime_error("the option has another size");
        }
        std::memcpy(&value, text.data(), sizeof(value));
        return value;
    }
    /// Of a packet.
    uint64_t time_ns() const { return uint64_t(at<uint32_t>(4)) << 32 | at<uint32_t>(8); }
    std::span<const std::byte> packet() const {
        return std::span(body).subspan(20, at<uint32_t>(12));
    }
};

inline constexpr uint32_t section = 0x0a0d0d0a;
inline constexpr uint32_t interface = 1;
inline constexpr uint32_t statistics = 5;
inline constexpr uint32_t packet = 6;

/// Takes a file apart. Throws where it is not well formed.
inline std::vector<Block> read_blocks(std::span<const std::byte> bytes) {
    const auto word = [&](size_t offset) {
        uint32_t value = 0;
        if (offset + sizeof(value) > bytes.size()) {
            throw std::runtime_error("the file is cut off");
        }
        std::memcpy(&value, bytes.data() + offset, sizeof(value));
        return value;
    };
    std::vector<Block> blocks;
    for (size_t at = 0; at < bytes.size();) {
        const uint32_t length = word(at + 4);
        if (length < 12 || length % 4 != 0 || word(at + length - 4) != length) {
            throw std::runtime_error("a block's lengths do not agree");
        }
        Block& block = blocks.emplace_back();
        block.type = word(at);
        const auto body = bytes.subspan(at + 8, length - 12);
        block.body.assign(body.begin(), body.end());
        at += length;
        size_t option = 0;
        switch (block.type) {
            case section:
                option = 16;
                break;
            case interface:
                option = 8;
                break;
            case statistics:
                option = 12;
                break;
            case packet:
                option = 20 + (block.at<uint32_t>(12) + 3) / 4 * 4;
                break;
            default:
                throw std::runtime_error("an unknown block");
        }
        while (option < block.body.size()) {
            const auto code = block.at<uint16_t>(option);
            const auto size = block.at<uint16_t>(option + 2);
            option += 4;
            if (code == 0) {
                break;
            }
            if (option + size > block.body.size()) {
                throw std::runtime_error("an option is cut off");
            }
            block.options[code] =
                std::string(reinterpret_cast<const char*>(block.body.data()) + option, size);
            option += (size + 3u) / 4 * 4;
        }
        if (option != block.body.size()) {
            throw std::runtime_error("the options do not end with the block");
        }
    }
    return blocks;
}

/// The blocks of one type.
inline std::vector<Block> of_type(const std::vector<Block>& blocks, uint32_t type) {
    std::vector<Block> some;
    for (const Block& block : blocks) {
        if (block.type == type) {
            some.push_back(block);
        }
    }
    return some;
}

}  // namespace vnet::capture::testing
