# 比较权重共享方式的视图。

what-if-no-convolution = 这个模型没有卷积层，因此没有可以共享的卷积核。
what-if-ways = 共享方式
what-if-description = 层 { $layer } 的卷积核有 { $count } 种共享方式，各列出参数个数、乘加次数和输出。
what-if-legend = 行是输入通道，列是过滤器。每个方块是一个卷积核；颜色相同的方块是同一组权重；小点表示过滤器看不到这个通道。
what-if-picture = { $name }：{ $channels } 个输入通道和 { $filters } 个过滤器组成的矩阵，权重相同的卷积核用同一种颜色
what-if-as-it-is = 现状
what-if-parameters = 参数
what-if-macs = 乘加
what-if-after = 测试准确率，用时 { $seconds } 秒
what-if-refused = 未训练：后面的层不能接受它的输出
what-if-training = 正在训练，第 { $epoch } 轮，共 { $epochs } 轮
what-if-trained = 并排训练
what-if-trained-description = 每种方式都从同一个随机种子开始，用同样的预算训练，并用从未见过的样本测试。
what-if-measure = 曲线显示的内容
what-if-accuracy = 准确率
what-if-loss = 损失
what-if-start = 逐一训练
what-if-stopped = 已停止。
