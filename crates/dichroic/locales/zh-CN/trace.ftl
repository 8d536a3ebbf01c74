# 一个输出值，逐个乘积（dichroic explain --filter --at）。

trace-title = { $layer }（{ $class_name }），过滤器 { $filter }，位置 { $position }
trace-channel = 输入通道 { $channel }
trace-patch-from = ，输入块从 { $position } 开始
trace-every-second = ，每隔一个位置取一个
trace-every-third = ，每 3 个位置取一个
trace-one-in = ，每 { $rate } 个位置取一个
trace-outside = ，{ $values } 个值在输入之外，按 0 计
trace-between = ，因为步幅，{ $weights } 个权重没有遇到输入值
trace-too-wide = （每行 { $numbers } 个数，太宽而无法打印；JSON 里有全部数值）
trace-patch = 输入块
trace-kernel = × 卷积核
trace-products = = 乘积
trace-sum-of-products = 乘积之和 { $sum }
trace-second-stage = ，× 第二级的 { $weight } = { $adds }
trace-sum-over = { NUMBER($channels, useGrouping: "false") } 个通道之和
trace-bias = 偏置
trace-no-bias = 没有偏置
trace-activation = 激活
trace-executor = 执行器
trace-agree = 相差 { $difference }，舍入允许 { $tolerance }：两者一致
