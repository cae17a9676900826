// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "vnet/ip6/range_table.hpp"

namespace vnet::ip6 {

/// Makes the trees of a RangeTable anew where a range is painted; what it replaces is retired. They
/// are B-trees: all ways from a root to a path are equally long, and every node but the root has at
/// least three of its six words. Of the table's only; control thread.
class RangePainter {
public:
    /// Paints with this path.
    RangePainter(RangeTable& table, fib::PathIndex path) noexcept : table_(table), path_(path) {}

    /// The upper halves that a word is for, both included.
    struct Bounds {
        uint64_t first;
        uint64_t last;
    };
    /// The word for what `word` is with the addresses from `first` to `last` painted, which lie
    /// within `bounds`.
    uint32_t painted(uint32_t word, Bounds bounds, const RangeTable::Key& first,
                     const RangeTable::Key& last);

private:
    using Node = RangeTable::Node;
    /// One range: it ends at `last` and begins behind the one before.
    struct Piece {
        uint64_t last;
        uint32_t word;
        /// Made by this paint.
        bool fresh = false;
    };
    /// Ranges side by side: the words of a node, where two of them were cut up.
    struct Pieces {
        static constexpr size_t most = 2 * Node::most_words;
        std::array<Piece, most> all;
        size_t count = 0;
        /// Joins what leads to the same path.
        void add(uint64_t last, uint32_t word, bool fresh = false) noexcept;
        void add(const Pieces& others, size_t from, size_t to) noexcept;
        void add(const Pieces& others) noexcept { add(others, 0, others.count); }
        /// Puts others in the place of the two at `left`.
        void replace_two(size_t left, const Pieces& others) noexcept;
        std::span<const Piece> span() const noexcept { return {all.data(), count}; }
    };
    /// What is painted, of one half of the address, and over what.
    struct Paint {
        uint64_t first;
        uint64_t last;
        /// 0, or low_flag where the tree is one of lower halves.
        uint32_t half;
        /// Of the one upper half that is painted in part: from where to where.
        bool within = false;
        uint64_t low_first = 0;
        uint64_t low_last = 0;
    };

    bool is_node(uint32_t word, uint32_t half) const noexcept {
        return (word & (RangeTable::node_flag | RangeTable::low_flag)) ==
               (RangeTable::node_flag | half);
    }
    /// Levels of nodes; 0 of a path, and of a lower half's tree in one of upper halves.
    unsigned height(uint32_t word, uint32_t half) const noexcept {
        return is_node(word, half) ? word >> RangeTable::height_shift & RangeTable::height_mask : 0;
    }
    Node& node(uint32_t word) const noexcept {
        return table_.nodes_[word & RangeTable::index_mask];
    }
    uint32_t whole(uint32_t word, Bounds bounds, const Paint& paint);
    void add_painted(uint32_t word, Bounds bounds, const Paint& paint, Pieces& out);
    void add_leaf(uint32_t word, Bounds bounds, const Paint& paint, Pieces& out);
    void level(Pieces& pieces, uint32_t half);
    void graft(const Piece& tall, const Piece& low, bool in_front, uint32_t half, Pieces& out);
    void finish(Pieces& pieces, uint32_t half, Pieces& out);
    void fill_up(Pieces& pieces, uint32_t half);
    void share(Pieces& pieces, uint32_t half);
    Pieces taken_apart(const Piece& piece);
    void pack(const Pieces& pieces, uint32_t half, Pieces& out);
    uint32_t make(std::span<const Piece> pieces, uint32_t half);
    uint32_t value(uint32_t before, const Paint& paint);
    void drop(uint32_t word);

    RangeTable& table_;
    const fib::PathIndex path_;
};

}  // namespace vnet::ip6
