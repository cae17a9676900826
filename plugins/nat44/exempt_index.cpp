// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/exempt_index.hpp"

#include <fmt/format.h>

#include "plugins/nat44/text.hpp"

namespace nat44 {

std::string Exempt::to_string() const {
    std::string text = destination.to_string();
    if (protocol) {
        text += " protocol " + protocol_word(*protocol);
    }
    if (ports) {
        text += " port " + ports->to_string();
    }
    return text;
}

ExemptIndex::ExemptIndex(std::span<const Numbered> exempts) {
    std::vector<Numbered> sorted(exempts.begin(), exempts.end());
    // By VRF, address and length: a network comes behind those around it.
    std::sort(sorted.begin(), sorted.end(), [](const Numbered& left, const Numbered& right) {
        return left.exempt < right.exempt;
    });
    struct Open {
        uint32_t network;
        /// Behind its last address.
        uint64_t end;
    };
    std::vector<Open> open;
    const auto close = [&](uint64_t at) {
        while (!open.empty() && open.back().end <= at) {
            const uint64_t end = open.back().end;
            open.pop_back();
            add_place(end, open.empty() ? 0 : open.back().network);
        }
    };
    for (size_t i = 0; i < sorted.size();) {
        const Exempt& first = sorted[i].exempt;
        size_t behind = i + 1;
        while (behind < sorted.size() && sorted[behind].exempt.outside_vrf == first.outside_vrf &&
               sorted[behind].exempt.destination == first.destination) {
            ++behind;
        }
        const uint64_t begin = place(first.outside_vrf, first.destination.first());
        close(begin);
        add_network(std::span(sorted).subspan(i, behind - i),
                    open.empty() ? 0 : open.back().network);
        const auto network = uint32_t(networks_.size() - 1);
        add_place(begin, network);
        open.push_back({network, place(first.outside_vrf, first.destination.last()) + 1});
        i = behind;
    }
    close(UINT64_MAX);
    for (const Numbered& numbered : sorted) {
        by_number_.resize(std::max<size_t>(by_number_.size(), numbered.number + size_t{1}));
        by_number_[numbered.number] = numbered.exempt;
    }
}

/// Where one network ends another one may begin.
void ExemptIndex::add_place(uint64_t at, uint32_t network) {
    if (!places_.empty() && places_.back().at == at) {
        places_.back().network = network;
    } else {
        places_.push_back({at, network});
    }
}

ExemptIndex::Range ExemptIndex::range_of(const Numbered& numbered) noexcept {
    const Exempt& exempt = numbered.exempt;
    return {
        kind(exempt.protocol.value_or(0), exempt.ports ? exempt.ports->first : 0),
        kind(exempt.protocol.value_or(UINT8_MAX), exempt.ports ? exempt.ports->last : most_port),
        numbered.number};
}

void ExemptIndex::add_network(std::span<const Numbered> exempts, uint32_t around) {
    std::vector<Range> ranges;
    std::vector<uint32_t> cuts;
    for (const Numbered& numbered : exempts) {
        ranges.push_back(range_of(numbered));
        cuts.push_back(ranges.back().first);
        cuts.push_back(ranges.back().last + 1);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    // The smaller ones are laid over the larger ones.
    std::stable_sort(ranges.begin(), ranges.end(), [](const Range& left, const Range& right) {
        return left.last - left.first > right.last - right.first;
    });
    std::vector<std::optional<uint16_t>> owners(cuts.size());
    for (const Range& range : ranges) {
        auto at = size_t(std::lower_bound(cuts.begin(), cuts.end(), range.first) - cuts.begin());
        for (; cuts[at] <= range.last; ++at) {
            owners[at] = range.number;
        }
    }
    const auto first = uint32_t(ranges_.size());
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
        if (owners[i]) {
            ranges_.push_back({cuts[i], cuts[i + 1] - 1, *owners[i]});
        }
    }
    networks_.push_back({around, first, uint32_t(ranges_.size()) - first});
}

}  // namespace nat44
