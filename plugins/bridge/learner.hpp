// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "graph/byte_ring.hpp"
#include "graph/counter.hpp"
#include "plugins/bridge/mac_table.hpp"

namespace bridge {

/// What workers heard and the table does not know, on its way to control: a bounded queue for each
/// worker. What finds no room is told again by the station's next frame.
class Learner {
public:
    explicit Learner(unsigned workers) : workers_(workers) {
        for (auto& worker : workers_) {
            worker = std::make_unique<Worker>();
        }
    }

    /// A worker: tells that a station was heard by an interface. The same is not told again for
    /// some 25 ms, however fast its frames come. Counted where there is no room.
    void tell(unsigned worker, Station station, Index interface, uint64_t now_tsc) noexcept {
        Worker& own = *workers_[worker];
        Told& told = own.told[rte_hash_crc_8byte(station, interface) % own.told.size()];
        if (told.station == station && told.interface == interface && told.until > now_tsc) {
            return;
        }
        std::byte* record = own.ring.reserve(sizeof(Heard));
        if (record == nullptr) {
            own.overflow.add(1);
            return;
        }
        new (record) Heard{station, interface, tick_of(now_tsc)};
        own.ring.publish();
        told = {station, now_tsc + again_clocks, interface};
    }

    struct Heard {
        Station station;
        Index interface;
        Tick tick;
    };
    /// Control: what has been told since.
    void drain(const std::function<void(const Heard&)>& callback);
    /// How often a worker found no room to tell, since the beginning. Any thread.
    uint64_t overflow() const noexcept;

private:
    static constexpr uint64_t again_clocks = uint64_t(1) << 26;
    struct Told {
        Station station = 0;
        uint64_t until = 0;
        Index interface = 0;
    };
    struct Worker {
        graph::ByteRing ring{size_t(1) << 16};
        std::array<Told, 1024> told{};
        graph::Counter overflow;
    };
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace bridge
