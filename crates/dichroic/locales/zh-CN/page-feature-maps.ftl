# 各层特征图的视图。

maps-scale = 颜色
maps-scale-map = 每张图单独标度
maps-scale-map-means = 每张图从自己的最小值到最大值：看得清结构，但图与图不能比较。
maps-scale-layer = 整层统一标度
maps-scale-layer-means = 同一层的所有特征图里，颜色相同就是数值相同。

maps-range = 数值
maps-range-of = { $minimum } 至 { $maximum }
maps-mean = 均值
maps-zeros = 零值
maps-saturated = 饱和
maps-dead = { $of } 张特征图中有 { $count } 张失效：对这个输入处处为零。
maps-dead-number = { $channel } 失效
maps-sheet-label = { $layer } 的特征图 { $first } 至 { $last }。方向键选择，回车键放大；现在是特征图 { $chosen }。
maps-before = ← 前面的图
maps-after = 后面的图 →
maps-page = 第 { $first } 至 { $last } 张，共 { $count } 张
maps-slice = 切片

maps-map-of = { $layer } 的特征图 { $channel }
maps-map-description = 一张特征图的数值（{ $size }），用颜色表示。
maps-map-label = 特征图 { $channel }，{ $size }。方向键选择一个值。
maps-close = 关闭
maps-value-at = 位置 ({ $at })
maps-map-numbers = 从 { $minimum } 到 { $maximum }，均值 { $mean }，零值占 { $zeros }
maps-filter = 查看 { $layer } 的过滤器 { $channel }
maps-convolve = 看它如何逐个乘积算出
maps-numbers-label = { $layer } 的 { $count } 个值。方向键选择一个。
maps-number = 第 { $index } 个值：{ $value }

maps-scores = 网络的判断
maps-truth = 实际为：{ $truth }
maps-class = 类别 { $index }
