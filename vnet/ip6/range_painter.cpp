// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/range_painter.hpp"

#include <algorithm>

namespace vnet::ip6 {

void RangePainter::Pieces::add(uint64_t last, uint32_t word, bool fresh) noexcept {
    if (count != 0 && all[count - 1].word == word && (word & RangeTable::node_flag) == 0) {
        all[count - 1].last = last;
        return;
    }
    all[count++] = {last, word, fresh};
}

void RangePainter::Pieces::add(const Pieces& others, size_t from, size_t to) noexcept {
    for (size_t i = from; i < to; ++i) {
        add(others.all[i].last, others.all[i].word, others.all[i].fresh);
    }
}

void RangePainter::Pieces::replace_two(size_t left, const Pieces& others) noexcept {
    Pieces replaced;
    replaced.add(*this, 0, left);
    replaced.add(others);
    replaced.add(*this, left + 2, count);
    *this = replaced;
}

uint32_t RangePainter::painted(uint32_t word, Bounds bounds, const RangeTable::Key& first,
                               const RangeTable::Key& last) {
    // An upper half that is painted in part has a tree of its own for the lower one. It is of
    // the ends only; all between is painted whole.
    uint64_t whole_first = first.high;
    uint64_t whole_last = last.high;
    const bool head = first.low != 0;
    const bool tail = last.low != UINT64_MAX;
    if (first.high == last.high && (head || tail)) {
        return whole(word, bounds, {first.high, first.high, 0, true, first.low, last.low});
    }
    if (head) {
        word = whole(word, bounds, {first.high, first.high, 0, true, first.low, UINT64_MAX});
        ++whole_first;
    }
    if (tail) {
        word = whole(word, bounds, {last.high, last.high, 0, true, 0, last.low});
        --whole_last;
    }
    // Nothing between where the two ends are neighbours; they are not the same, so neither of
    // these has gone round.
    if (whole_first > whole_last) {
        return word;
    }
    return whole(word, bounds, {whole_first, whole_last, 0});
}

uint32_t RangePainter::whole(uint32_t word, Bounds bounds, const Paint& paint) {
    Pieces pieces;
    add_painted(word, bounds, paint, pieces);
    while (pieces.count > 1) {
        Pieces packed;
        pack(pieces, paint.half, packed);
        pieces = packed;
    }
    return pieces.all[0].word;
}

void RangePainter::add_painted(uint32_t word, Bounds bounds, const Paint& paint, Pieces& out) {
    if (!is_node(word, paint.half)) {
        add_leaf(word, bounds, paint, out);
        return;
    }
    if (!paint.within && paint.first <= bounds.first && paint.last >= bounds.last) {
        drop(word);
        out.add(bounds.last, path_);
        return;
    }
    // By value: what is below may come to lie where it was.
    const Node before = node(word);
    table_.retire_node(word & RangeTable::index_mask);
    Pieces pieces;
    uint64_t first = bounds.first;
    const unsigned count = before.count();
    for (unsigned i = 0; i < count; ++i) {
        const uint64_t last = i + 1 < count ? before.last[i] : bounds.last;
        if (paint.first <= last && paint.last >= first) {
            add_painted(before.words[i], {first, last}, paint, pieces);
        } else {
            pieces.add(last, before.words[i]);
        }
        first = last + 1;
    }
    finish(pieces, paint.half, out);
}

void RangePainter::add_leaf(uint32_t word, Bounds bounds, const Paint& paint, Pieces& out) {
    if (paint.first > bounds.first) {
        out.add(paint.first - 1, word);
    }
    out.add(std::min(paint.last, bounds.last), value(word, paint));
    if (paint.last < bounds.last) {
        out.add(bounds.last, word);
    }
}

uint32_t RangePainter::value(uint32_t before, const Paint& paint) {
    if (paint.within) {
        return whole(before, {0, UINT64_MAX},
                     {paint.low_first, paint.low_last, RangeTable::low_flag});
    }
    drop(before);
    return path_;
}

void RangePainter::drop(uint32_t word) {
    if ((word & RangeTable::node_flag) == 0) {
        return;
    }
    const Node& gone = node(word);
    for (unsigned i = 0; i < gone.count(); ++i) {
        drop(gone.words[i]);
    }
    table_.retire_node(word & RangeTable::index_mask);
}

/// Makes nodes of what the words of one have become.
void RangePainter::finish(Pieces& pieces, uint32_t half, Pieces& out) {
    level(pieces, half);
    fill_up(pieces, half);
    share(pieces, half);
    pack(pieces, half, out);
}

/// Makes all pieces as high as the highest: what has become lower goes to the near edge of a
/// neighbour. Each round makes one piece that is lower than another as high as that.
void RangePainter::level(Pieces& pieces, uint32_t half) {
    for (size_t left = 0; left + 1 < pieces.count;) {
        const Piece pair[] = {pieces.all[left], pieces.all[left + 1]};
        const unsigned heights[] = {height(pair[0].word, half), height(pair[1].word, half)};
        if (heights[0] == heights[1]) {
            ++left;
            continue;
        }
        const bool in_front = heights[0] < heights[1];
        Pieces grafted;
        graft(pair[in_front ? 1 : 0], pair[in_front ? 0 : 1], in_front, half, grafted);
        pieces.replace_two(left, grafted);
        left = 0;
    }
}

/// Adds `tall` with `low` at its edge: one or two nodes as high as it was.
void RangePainter::graft(const Piece& tall, const Piece& low, bool in_front, uint32_t half,
                         Pieces& out) {
    const Pieces words = taken_apart(tall);
    const size_t edge = in_front ? 0 : words.count - 1;
    Pieces grown;
    if (height(words.all[edge].word, half) != height(low.word, half)) {
        grown.add(words, 0, edge);
        graft(words.all[edge], low, in_front, half, grown);
        grown.add(words, edge + 1, words.count);
    } else if (in_front) {
        grown.add(low.last, low.word, true);
        grown.add(words);
    } else {
        grown.add(words);
        grown.add(low.last, low.word, true);
    }
    finish(grown, half, out);
}

/// The words of a node, which is retired.
RangePainter::Pieces RangePainter::taken_apart(const Piece& piece) {
    const Node from = node(piece.word);
    table_.retire_node(piece.word & RangeTable::index_mask);
    Pieces pieces;
    const unsigned count = from.count();
    for (unsigned i = 0; i < count; ++i) {
        pieces.add(i + 1 < count ? from.last[i] : piece.last, from.words[i]);
    }
    return pieces;
}

/// Joins what has too few words with a neighbour, or shares with it.
void RangePainter::fill_up(Pieces& pieces, uint32_t half) {
    constexpr unsigned fewest = Node::most_words / 2;
    for (size_t i = 0; i < pieces.count && pieces.count > 1; ++i) {
        const Piece& piece = pieces.all[i];
        if (!piece.fresh || !is_node(piece.word, half) || node(piece.word).count() >= fewest) {
            continue;
        }
        const size_t left = i + 1 < pieces.count ? i : i - 1;
        Pieces both = taken_apart(pieces.all[left]);
        both.add(taken_apart(pieces.all[left + 1]));
        Pieces filled;
        pack(both, half, filled);
        pieces.replace_two(left, filled);
    }
}

/// Makes two nodes of three where there is room: a node that became two shares with a neighbour
/// before it stays two. So nodes are five sixths full and not two thirds, and the tree is lower.
void RangePainter::share(Pieces& pieces, uint32_t half) {
    for (size_t i = 0; i + 1 < pieces.count && pieces.count > 2; ++i) {
        const Piece* split = &pieces.all[i];
        if (!split[0].fresh || !split[1].fresh || !is_node(split[0].word, half)) {
            continue;
        }
        const unsigned words = node(split[0].word).count() + node(split[1].word).count();
        const size_t neighbours[] = {i + 2, i - 1};
        for (const size_t other : neighbours) {
            if (other >= pieces.count ||
                words + node(pieces.all[other].word).count() > 2 * Node::most_words) {
                continue;
            }
            const size_t first = std::min(i, other);
            Pieces three = taken_apart(pieces.all[first]);
            three.add(taken_apart(pieces.all[first + 1]));
            three.add(taken_apart(pieces.all[first + 2]));
            Pieces two;
            pack(three, half, two);
            Pieces shared;
            shared.add(pieces, 0, first);
            shared.add(two);
            shared.add(pieces, first + 3, pieces.count);
            pieces = shared;
            return;
        }
    }
}

/// As few nodes as the pieces need, each with about as many words as the others.
void RangePainter::pack(const Pieces& pieces, uint32_t half, Pieces& out) {
    const size_t nodes = (pieces.count + Node::most_words - 1) / Node::most_words;
    size_t at = 0;
    for (size_t i = 0; i < nodes; ++i) {
        const size_t words = (pieces.count - at) / (nodes - i);
        const auto part = pieces.span().subspan(at, words);
        out.add(part.back().last, make(part, half), true);
        at += words;
    }
}

uint32_t RangePainter::make(std::span<const Piece> pieces, uint32_t half) {
    if (pieces.size() == 1) {
        return pieces.front().word;
    }
    const uint32_t index = table_.take_node();
    Node& made = table_.nodes_[index];
    made.last.fill(UINT64_MAX);
    made.words.fill(0);
    for (size_t i = 0; i < pieces.size(); ++i) {
        made.words[i] = pieces[i].word;
        if (i + 1 < pieces.size()) {
            made.last[i] = pieces[i].last;
        }
    }
    const uint32_t levels = height(pieces.front().word, half) + 1;
    return index | levels << RangeTable::height_shift | RangeTable::node_flag | half;
}

}  // namespace vnet::ip6
